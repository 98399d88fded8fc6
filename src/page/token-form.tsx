/** Asks once for the token that the server wants. */
import { useState } from 'preact/hooks'

export function TokenForm(props: { wasWrong: boolean; onToken(token: string): void }) {
  const [text, setText] = useState('')
  return (
    <main class="token">
      <h1>This model asks for a token</h1>
      <p>It is kept in this tab until you close it, and sent to this server only.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() !== '') props.onToken(text.trim())
        }}
      >
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={text}
          aria-invalid={props.wasWrong}
          aria-describedby={props.wasWrong ? 'token-problem' : undefined}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Open
        </button>
      </form>
      {props.wasWrong && (
        <p id="token-problem" class="problem" role="alert">
          The server does not take this token.
        </p>
      )}
    </main>
  )
}
