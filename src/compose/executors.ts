import type { ContainerChoice } from '../model/executor.ts'
import { detectExecutors, NO_EXECUTORS, type Executors } from '../runner/capabilities.ts'
import { allowedEnvironment } from '../runner/environment.ts'

/** @param choice left out: nothing is tried, and there are none */
export const foundExecutors = async (choice: ContainerChoice | undefined, signal?: AbortSignal): Promise<Executors> =>
  choice === undefined ? NO_EXECUTORS : detectExecutors(allowedEnvironment(process.env).PATH, choice, signal)
