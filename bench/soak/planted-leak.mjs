/** Preloaded into a server: keeps PLANTED_LEAK_BYTES of every request, for the soak to find. */
import diagnostics from 'node:diagnostics_channel'

const bytes = Number(process.env.PLANTED_LEAK_BYTES)
const kept = []
diagnostics.subscribe('http.server.request.start', () => kept.push(new Uint8Array(bytes).fill(1)))
