/** What is known of sessions whose statements are not seen: the handshake, why they stay encrypted, and their turns. */
import type { Migration } from './migration.ts';

const TEXT = 'LowCardinality(String)';

export const encryptedSessions: Migration = {
  version: 5,
  name: 'encrypted sessions',
  statements: [
    `ALTER TABLE sessions{local} {on_cluster}
  ADD COLUMN IF NOT EXISTS encrypted_reason ${TEXT},
  ADD COLUMN IF NOT EXISTS tls_version ${TEXT},
  ADD COLUMN IF NOT EXISTS tls_cipher_suite ${TEXT},
  ADD COLUMN IF NOT EXISTS tls_server_name ${TEXT},
  ADD COLUMN IF NOT EXISTS tls_application_protocol ${TEXT},
  ADD COLUMN IF NOT EXISTS tls_resumed ${TEXT},
  ADD COLUMN IF NOT EXISTS certificate_subject ${TEXT},
  ADD COLUMN IF NOT EXISTS certificate_issuer ${TEXT},
  ADD COLUMN IF NOT EXISTS certificate_expires Nullable(DateTime64(6, 'UTC')),
  ADD COLUMN IF NOT EXISTS turns UInt64,
  ADD COLUMN IF NOT EXISTS turn_sum_us UInt64,
  ADD COLUMN IF NOT EXISTS turn_max_us UInt64`,
  ],
};
