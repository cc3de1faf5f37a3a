import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { ClientError } from '../api/client.ts'
import { meQuery } from '../api/queries.ts'
import { Failed, Loading, NotFound } from '../ui/states.tsx'
import {
  readAdminSearch,
  readHomeSearch,
  readNewPipelineSearch,
  readPipelineSearch,
  readPipelinesSearch,
  readRunSearch,
  readRunsSearch,
  readSignInSearch,
} from './search.ts'
import { Shell } from './shell.tsx'

/** All addresses of the page. Their first segments are PAGE_PATHS of src/http/page/page.ts, which a test compares. */

const root = createRootRouteWithContext<{ readonly queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readSignInSearch,
  component: lazyRouteComponent(() => import('../pages/sign-in.tsx'), 'SignInPage'),
})

/** Everything that takes somebody who is signed in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(meQuery)
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== 'unauthenticated') throw error
      const to = location.href === '/' ? undefined : location.href
      redirect({ to: '/sign-in', search: to === undefined ? {} : { to }, throw: true })
    }
  },
})

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  validateSearch: readHomeSearch,
  component: lazyRouteComponent(() => import('../pages/home.tsx'), 'HomePage'),
})

const pipelines = createRoute({
  getParentRoute: () => inside,
  path: '/pipelines',
  validateSearch: readPipelinesSearch,
  component: lazyRouteComponent(() => import('../pages/pipelines.tsx'), 'PipelinesPage'),
})

const newPipeline = createRoute({
  getParentRoute: () => inside,
  path: '/pipelines/new',
  validateSearch: readNewPipelineSearch,
  component: lazyRouteComponent(() => import('../pages/pipeline-new.tsx'), 'NewPipelinePage'),
})

/** By id. */
const pipeline = createRoute({
  getParentRoute: () => inside,
  path: '/pipelines/$pipeline',
  validateSearch: readPipelineSearch,
  component: lazyRouteComponent(() => import('../pages/pipeline.tsx'), 'PipelinePage'),
})

const runs = createRoute({
  getParentRoute: () => inside,
  path: '/runs',
  validateSearch: readRunsSearch,
  component: lazyRouteComponent(() => import('../pages/runs.tsx'), 'RunsPage'),
})

/** By id, or by serial. */
const run = createRoute({
  getParentRoute: () => inside,
  path: '/runs/$run',
  validateSearch: readRunSearch,
  component: lazyRouteComponent(() => import('../run/page.tsx'), 'RunPage'),
})

const admin = createRoute({
  getParentRoute: () => inside,
  path: '/admin',
  validateSearch: readAdminSearch,
  component: lazyRouteComponent(() => import('../pages/admin.tsx'), 'AdminPage'),
})

const routeTree = root.addChildren([
  signIn,
  inside.addChildren([home, pipelines, newPipeline, pipeline, runs, run, admin]),
])

export const createPageRouter = (queries: QueryClient) =>
  createRouter({
    routeTree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPendingComponent: Loading,
    defaultErrorComponent: ({ error, reset }) => <Failed error={error} onRetry={reset} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>
  }
}
