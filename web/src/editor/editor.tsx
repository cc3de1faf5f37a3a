import { autocompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef } from 'react'
import type { LocatedError } from '../../../src/client/client.ts'
import { completionsAt, type Schema } from './complete.ts'
import classes from './editor.module.css'

interface Editor {
  readonly label: string
  /** What it begins with; another text replaces what stands there. */
  readonly text: string
  readonly onChange: (text: string) => void
  readonly errors: readonly LocatedError[]
}

/** A YAML editor with the completion of the definition's schema. The colours are those of the page. */
export function Editor({ label, text, onChange, errors }: Editor) {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const changed = useRef(onChange)
  useEffect(() => {
    changed.current = onChange
  })
  useEffect(() => {
    if (place.current === null) return
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          lineNumbers(),
          foldGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          indentUnit.of('  '),
          yaml(),
          colours,
          lintGutter(),
          autocompletion({ override: [complete] }),
          keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString())
          }),
        ],
      }),
    })
    // Whoever has only keys can scroll it without writing into it.
    made.scrollDOM.tabIndex = 0
    view.current = made
    return () => made.destroy()
    // A new text begins a new history.
  }, [text, label])
  useEffect(() => {
    const now = view.current
    if (now !== undefined)
      now.dispatch(
        setDiagnostics(
          now.state,
          errors.map((error) => placed(error, now.state)),
        ),
      )
  }, [errors])
  return <div ref={place} className={classes['editor']} />
}

export const nonce = (): string => document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''

/** Where the server has found it; without a place at the top. */
function placed({ line, column, message }: LocatedError, { doc }: EditorState): Diagnostic {
  const at = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines))
  const from = Math.min(at.from + Math.max(0, (column ?? 1) - 1), at.to)
  return { from, to: Math.max(from, at.to), severity: 'error', message }
}

let schema: Promise<Schema> | undefined

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w-]*/)
  if (word === null || (word.from === word.to && !context.explicit)) return null
  schema ??= fetch('/schema/pipeline.json').then((answer) => answer.json() as Promise<Schema>)
  const options = completionsAt(context.state.sliceDoc(0, word.from), await schema)
  if (options.length === 0) return null
  return {
    from: word.from,
    options: options.map(({ label, kind, detail }) => ({
      label,
      type: kind === 'key' ? 'property' : 'enum',
      info: detail === '' ? undefined : detail,
      apply: kind === 'key' ? `${label}: ` : label,
    })) as CompletionResult['options'],
    validFor: /^[\w-]*$/,
  }
}

const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--busy)' },
    { tag: [tags.string, tags.content], color: 'var(--mantine-color-text)' },
    { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--back)' },
    { tag: tags.comment, color: 'var(--text-quiet)', fontStyle: 'italic' },
    { tag: [tags.punctuation, tags.separator], color: 'var(--text-quiet)' },
  ]),
)
