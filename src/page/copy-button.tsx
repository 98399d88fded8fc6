/** Copies a text, and says that it did; where the browser lets nothing be copied, shows it to be copied by hand. */
import { useState } from 'preact/hooks'

const SHOWN_MS = 1500

export function CopyButton({ text, label }: { text(): string; label: string }) {
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
      <button type="button" onClick={() => void copy()}>
        <span aria-live="polite">{state === 'copied' ? 'Copied' : label}</span>
      </button>
      {state === 'shown' && (
        <textarea
          class="copied"
          readonly
          rows={4}
          aria-label={label}
          value={text()}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  )
}
