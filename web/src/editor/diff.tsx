import { yaml } from '@codemirror/lang-yaml'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { nonce } from './editor.tsx'
import classes from './editor.module.css'

interface Diff {
  readonly label: string
  /** null: there is nothing to compare with. */
  readonly before: string | null
  readonly after: string
}

/** What was taken out and put in, in one column; what did not change is folded. */
export function Diff({ label, before, after }: Diff) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (place.current === null) return
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: after,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          lineNumbers(),
          yaml(),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          before === null
            ? []
            : unifiedMergeView({
                original: before,
                mergeControls: false,
                highlightChanges: true,
                gutter: true,
                collapseUnchanged: { margin: 3, minSize: 6 },
              }),
        ],
      }),
    })
    view.scrollDOM.tabIndex = 0
    return () => view.destroy()
  }, [label, before, after])
  return <div ref={place} className={classes['editor']} />
}
