/** Paging arithmetic. Pages count from 1, rows from 0. */

/** How many rows stand before this page; page 0 is taken for the first, as page 1 is. */
export const rowsBeforePage = (page: number, perPage: number): number => Math.max(page - 1, 0) * perPage
