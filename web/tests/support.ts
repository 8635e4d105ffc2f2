import { Http } from '../src/api/http'
import type { Message } from '../src/api/types'
import { Line } from '../src/state/line.svelte'

export type Answer = (path: string, init: RequestInit) => Response | Promise<Response>

/** The outside wire is the only thing replaced. */
export function wire(answer: Answer): { http: Http; line: Line } {
  globalThis.fetch = async (input, init) => answer(String(input), init ?? {})
  const line = new Line()
  return { http: new Http(line), line }
}

export const problem = (status: number, code: string): Response =>
  new Response(JSON.stringify({ type: 'about:blank', status, code, title: code, detail: '', values: {} }), { status })

export const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })

export const reply: Message = {
  id: 'm', parent_id: 'q', position: 2, role: 'assistant', text: '', reasoning: '', document_ids: [], run_id: 'r', run_status: 'queued',
  error_code: null, model: null, citations: [], created_at: '',
}
