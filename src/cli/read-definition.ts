import { readText } from './read-text.ts'

/** The text of a file, or of stdin for `-`, and what errors call it. */
export const readDefinition = (file: string): { readonly text: string; readonly file: string } => ({
  text: readText(file),
  file: file === '-' ? 'stdin' : file,
})
