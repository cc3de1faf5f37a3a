import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import type { en } from './en/index.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en }
  }
}

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'millrace.language'

const load = {
  en: async () => (await import('./en/index.ts')).en,
  'zh-CN': async () => (await import('./zh-CN/index.ts')).zhCN,
} as const satisfies Record<Language, () => Promise<object>>

const isLanguage = (text: string | null): text is Language => text !== null && Object.hasOwn(LANGUAGES, text)

/** What was chosen before, else the first of the browser's that we speak. */
function preferred(): Language {
  const chosen = localStorage.getItem(KEY)
  if (isLanguage(chosen)) return chosen
  for (const tag of navigator.languages) {
    if (tag.startsWith('zh')) return 'zh-CN'
    if (tag.startsWith('en')) return 'en'
  }
  return 'en'
}

export const language = (): Language => (isLanguage(i18next.language) ? i18next.language : 'en')

export async function startLanguage(): Promise<void> {
  const lng = preferred()
  await i18next.use(initReactI18next).init({
    lng,
    resources: { [lng]: { translation: await load[lng]() } },
    fallbackLng: false,
    // React escapes.
    interpolation: { escapeValue: false },
  })
  document.documentElement.lang = lng
}

export async function changeLanguage(next: Language): Promise<void> {
  localStorage.setItem(KEY, next)
  if (!i18next.hasResourceBundle(next, 'translation')) {
    i18next.addResourceBundle(next, 'translation', await load[next]())
  }
  await i18next.changeLanguage(next)
  document.documentElement.lang = next
}
