/** One program to start: every path absolute, nothing ever read by a shell. */
export interface LaunchRequest {
  /** `argv[0]` is looked up in the PATH of `env`, unless it holds a slash. */
  readonly argv: readonly [string, ...string[]]
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** File given on standard input. */
  readonly stdin: string
  /** Files appended to; made with mode 0600 when missing. Both may be the same. */
  readonly stdout: string
  readonly stderr: string
}

export type LaunchAnswer =
  | {
      readonly kind: 'started'
      /** Leader of a session and group of its own: signal the group by `-pid`. */
      readonly pid: number
      /**
       * Resolves when the program and all that it left behind are gone: its group and, where the platform lets us,
       * processes that left the group. What is left when the program itself ends is killed, unless it was told to
       * end by {@link terminate}: then it has until {@link kill}.
       */
      readonly ended: Promise<ExitStatus>
      /** Whether it is known to be gone, with all of its own, although nobody was told yet. */
      isOver(): boolean
      /** TERM to the whole group. */
      terminate(): void
      /** KILL to all of it, and to what comes of it. */
      kill(): void
    }
  /** `what` could not be done; `code` as in errno(3), e.g. `ENOENT`. */
  | { readonly kind: 'refused'; readonly what: 'exec' | 'cwd' | 'other'; readonly code: string }

export type ExitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** The process that watched it died; the program was killed, how it ended is not known. */
  | { readonly kind: 'unknown' }

/** Starts programs. Any number at once. */
export interface Launcher {
  readonly name: 'helper' | 'direct'
  /** Whether processes that left their group are found whatever they did. */
  readonly adopts: boolean
  launch(request: LaunchRequest): Promise<LaunchAnswer>
  /** Ends what still runs, by KILL, and gives back what the launcher holds. */
  close(): Promise<void>
}
