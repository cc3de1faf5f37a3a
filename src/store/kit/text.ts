/** Text as searches that ignore case compare it. Made here, as databases fold ASCII only, or by their locale. */
export const foldCase = (text: string): string => text.toLowerCase()
