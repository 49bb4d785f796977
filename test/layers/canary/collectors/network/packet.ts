export const packet = 1;
