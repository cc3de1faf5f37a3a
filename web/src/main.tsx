import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './app/styles.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ClientError } from './api/client.ts'
import { askEarly } from './app/early.ts'
import { createPageRouter } from './app/router.tsx'
import { cssVariablesResolver, theme } from './app/theme.ts'
import { startLanguage } from './i18n/language.ts'

/** Drawn by the server for this response: the policy lets in no other `<style>`. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''
// What react-style-singleton (scroll lock of dialogs) asks for.
Object.assign(window, { __webpack_nonce__: nonce })

/** What the stream keeps true needs no other reason to be read again; a server that is away is asked again. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) =>
        count < 3 &&
        error instanceof ClientError &&
        ['unreachable', 'not_millrace', 'unavailable'].includes(error.code),
    },
  },
})
const router = createPageRouter(queries)

askEarly(queries, window.location.pathname)
await startLanguage()
const place = document.getElementById('page')
if (place === null) throw new Error('index.html has no place for the page')
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariablesResolver}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
        deduplicateInlineStyles
      >
        <Notifications position="bottom-right" />
        <RouterProvider router={router} />
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
)

// Only now: who was never signed in is led to sign in by the router.
queries.getQueryCache().subscribe(({ type, query }) => {
  const error: unknown = query.state.error
  if (type !== 'updated' || !(error instanceof ClientError) || error.code !== 'unauthenticated') return
  const { href, pathname } = router.state.location
  if (pathname === '/sign-in') return
  queries.clear()
  void router.navigate({ to: '/sign-in', search: { to: href } })
})
