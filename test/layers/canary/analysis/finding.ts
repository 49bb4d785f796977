export const finding = 1;
