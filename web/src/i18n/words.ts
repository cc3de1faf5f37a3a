/**
 * The shape that a translation of `Source` must have: every key, none more. Plural forms (`_one`) are a language's own
 * affair: Chinese has only `_other`.
 */
export type Words<Source> = {
  readonly [Key in keyof Source as Key extends `${string}_one` ? never : Key]: Source[Key] extends string
    ? string
    : Words<Source[Key]>
}
