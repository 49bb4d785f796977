// sql-knows-core-and-events-only
export const later = () => import('../store/table.ts');
