import { useTranslation } from 'react-i18next'
import { language } from '../i18n/language.ts'
import { useNow } from './clock.ts'
import { durationText, steadyDurationText } from './duration.ts'

interface At {
  /** As the API writes it. */
  readonly at: string
}

/** "3 min ago", with the full time to point at. */
export function Ago({ at }: At) {
  const { t } = useTranslation()
  const now = useNow()
  const past = now - Date.parse(at)
  const time = steadyDurationText(Math.abs(past), language())
  return (
    <time dateTime={at} {...titled(at)}>
      {Math.abs(past) < 1_000
        ? t('app.time.now')
        : past >= 0
          ? t('app.time.ago', { time })
          : t('app.time.in', { time })}
    </time>
  )
}

/** From `from` until `to`, or until now while it is null: "2 min 5 s". */
export function Elapsed({ from, to }: { readonly from: string; readonly to: string | null }) {
  return to === null ? (
    <Running from={from} />
  ) : (
    <Took from={from} ms={Date.parse(to) - Date.parse(from)} text={durationText} />
  )
}

function Running({ from }: { readonly from: string }) {
  return <Took from={from} ms={useNow() - Date.parse(from)} text={steadyDurationText} />
}

interface TookProps {
  readonly from: string
  readonly ms: number
  readonly text: (ms: number, locale: string) => string
}

function Took({ from, ms, text }: TookProps) {
  return (
    <time dateTime={`PT${Math.max(0, ms) / 1_000}S`} {...titled(from)}>
      {text(Math.max(0, ms), language())}
    </time>
  )
}

/** The full time for who points at it. Made only then: the first format of dates takes the browser a tenth of a second. */
const titled = (at: string) => ({
  onPointerEnter: ({ currentTarget }: { readonly currentTarget: HTMLElement }): void => {
    currentTarget.title = fullTime(at)
  },
})

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making a format costs a hundred times what using it does, and a page of a thousand tasks has as many times. */
export function fullTime(at: string): string {
  const locale = language()
  const format = formats.get(locale) ?? new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  formats.set(locale, format)
  return format.format(new Date(at))
}
