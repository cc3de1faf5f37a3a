import { Code } from '@mantine/core'

/** A text in which what stands between backticks is code. */
export const WithCode = ({ text }: { readonly text: string }) =>
  text.split('`').map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <Code key={at} fz="inherit">
        {part}
      </Code>
    ),
  )
