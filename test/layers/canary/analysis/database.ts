// store-packages-stay-in-the-store
export { createClient } from '@clickhouse/client';
