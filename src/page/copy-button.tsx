/** Copies a text, and says that it did; where the browser lets nothing be copied, shows it to be copied by hand. */
import { useState } from 'preact/hooks'

const SHOWN_MS = 1500

interface Props {
  readonly label: string
  /** What is copied, for who hears the button without seeing where it stands. */
  readonly what?: string
  readonly isSmall?: boolean
  text(): string
}

export function CopyButton({ text, label, what, isSmall = false }: Props) {
  const [state, setState] = useState<'idle' | 'copied' | 'shown'>('idle')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      setState('copied')
      setTimeout(() => setState('idle'), SHOWN_MS)
    } catch {
      setState('shown')
    }
  }
  return (
    <>
      <button type="button" class={isSmall ? 'link' : ''} onClick={() => void copy()}>
        <span aria-live="polite">
          {state === 'copied' ? 'Copied' : label}
          {what !== undefined && <span class="unseen"> {what}</span>}
        </span>
      </button>
      {state === 'shown' && (
        <textarea
          class="copied"
          readonly
          rows={isSmall ? 1 : 4}
          aria-label={what === undefined ? label : `${label} ${what}`}
          value={text()}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  )
}
