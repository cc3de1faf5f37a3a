import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** Water under a mill wheel: the one colour that is ours. White on shade 7 and shade 4 on the dark page have 4.5:1 and more. */
const mill: MantineColorsTuple = [
  '#e8f8f5',
  '#d3eeea',
  '#a5ded5',
  '#73cdbf',
  '#4bbfad',
  '#2fa996',
  '#1c8f7f',
  '#0f766a',
  '#0b5e55',
  '#05453e',
]

/** Mantine's greys with a little blue, so that the colours of statuses stand on a calm ground. */
const dark: MantineColorsTuple = [
  '#d3d9e0',
  '#b3bcc6',
  '#8f9aa6',
  '#66717d',
  '#46505b',
  '#343d47',
  '#262e37',
  '#1a2129',
  '#12181f',
  '#0c1116',
]

const FONT =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans', sans-serif"
const MONO =
  "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

export const theme = createTheme({
  colors: { mill, dark },
  primaryColor: 'mill',
  primaryShade: 7,
  autoContrast: true,
  fontFamily: FONT,
  fontFamilyMonospace: MONO,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontFamily: FONT,
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1.0625rem' }, h3: { fontSize: '0.9375rem' } },
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
})

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5a6570', '--mantine-color-placeholder': '#66717d' },
  dark: { '--mantine-color-dimmed': '#9aa6b2', '--mantine-color-placeholder': '#8f9aa6' },
})
