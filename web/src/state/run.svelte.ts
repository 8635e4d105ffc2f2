import type { Grounding, SearchTrace } from '../api/evidence-types'
import type { Citation, Message, Notice, Passage, Problem, RunEvent, RunStatus, Usage } from '../api/types'
import { MarkdownStream, type Block } from '../lib/markdown'

/** One reply while it is being written, and afterwards for as long as the page lives. */
export class LiveRun {
  readonly runId: string
  readonly messageId: string
  readonly chatId: string
  #status = $state<RunStatus>('queued')
  #model = $state<string | null>(null)
  #blocks = $state.raw<readonly Block[]>([])
  #reasoning = $state('')
  #queue = $state.raw<{ position: number; expected_s: number | null } | null>(null)
  #progress = $state.raw<{ processed: number; total: number } | null>(null)
  #notices = $state.raw<readonly Notice[]>([])
  #passages = $state.raw<readonly Passage[]>([])
  #trace = $state.raw<SearchTrace | null>(null)
  #citations = $state.raw<readonly Citation[]>([])
  #grounding = $state.raw<Grounding | null>(null)
  #usage = $state.raw<Usage | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #isLive = $state(true)
  #text = ''
  #waitingText = ''
  #waitingReasoning = ''
  #frame = 0
  #markdown = new MarkdownStream()

  constructor(chatId: string, message: Message) {
    this.chatId = chatId
    this.runId = message.run_id ?? ''
    this.messageId = message.id
    this.#status = message.run_status ?? 'queued'
    this.#model = message.model
    this.#reasoning = message.reasoning
    this.#citations = message.citations
    this.#grounding = message.outcome?.grounding ?? null
    if (message.text) this.#replace(message.text, message.reasoning)
  }

  get status(): RunStatus {
    return this.#status
  }
  /** The model that answers; null until one is chosen. */
  get model(): string | null {
    return this.#model
  }
  get blocks(): readonly Block[] {
    return this.#blocks
  }
  get reasoning(): string {
    return this.#reasoning
  }
  get progress(): { processed: number; total: number } | null {
    return this.#progress
  }
  /** The place in the line; null once it is this reply's turn. */
  get queue(): { position: number; expected_s: number | null } | null {
    return this.#queue
  }
  get notices(): readonly Notice[] {
    return this.#notices
  }
  get passages(): readonly Passage[] {
    return this.#passages
  }
  /** How the passages were found; null until that is told. */
  get trace(): SearchTrace | null {
    return this.#trace
  }
  get citations(): readonly Citation[] {
    return this.#citations
  }
  /** What the answer stands on, sentence by sentence; null until it was checked. */
  get grounding(): Grounding | null {
    return this.#grounding
  }
  get usage(): Usage | null {
    return this.#usage
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get isLive(): boolean {
    return this.#isLive
  }
  /** The whole text so far, as Markdown. */
  get text(): string {
    return this.#text
  }

  take(event: RunEvent): void {
    // What is told again before an empty text says nothing new about the line.
    if (!(event.kind === 'replace' && event.text === '' && event.reasoning === '')) this.#queue = null
    switch (event.kind) {
      case 'status':
        this.#status = event.status
        this.#model = event.model ?? this.#model
        break
      case 'queue':
        this.#queue = { position: event.position, expected_s: event.expected_s }
        break
      case 'restart':
        this.#progress = null
        this.#notices = []
        this.#passages = []
        this.#trace = null
        this.#grounding = null
        break
      case 'progress':
        this.#progress = { processed: event.processed, total: event.total }
        break
      case 'notice':
        if (!this.#notices.some((notice) => notice.code === event.code))
          this.#notices = [...this.#notices, { code: event.code, values: event.values ?? {} }]
        break
      case 'passages':
        this.#passages = event.passages
        // An earlier server does not tell how it searched.
        this.#trace = event.searched ? { searched: event.searched, dense: event.dense ?? 'off', took_ms: event.took_ms ?? {} } : null
        break
      case 'reasoning':
        this.#waitingReasoning += event.text
        this.#draw()
        break
      case 'delta':
        this.#text += event.text
        this.#waitingText += event.text
        this.#draw()
        break
      case 'replace':
        this.#replace(event.text, event.reasoning)
        break
      case 'citations':
        this.#citations = event.citations
        break
      case 'grounding': {
        const { kind: _kind, ...grounding } = event
        this.#grounding = grounding
        break
      }
      case 'usage': {
        const { kind: _kind, ...usage } = event
        this.#usage = usage
        break
      }
      case 'end':
        this.finish(event.status, event.error)
        break
    }
  }

  finish(status: RunStatus, problem: Problem | null): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.#flush()
    this.#markdown.finish()
    this.#blocks = this.#markdown.blocks
    this.#status = status
    this.#problem = problem
    this.#progress = null
    this.#queue = null
    this.#isLive = false
  }

  /** The message with what this run knows of it. */
  applyTo(message: Message): Message {
    return {
      ...message,
      text: this.#text,
      reasoning: this.#reasoning,
      run_status: this.#status,
      model: this.#model,
      error_code: this.#problem?.code ?? message.error_code,
      outcome: { notices: [...this.#notices], usage: this.#usage, error: this.#problem, grounding: this.#grounding },
      citations: [...this.#citations],
    }
  }

  // At most one reading and one drawing for each frame, however many events arrive.
  #draw(): void {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#waitingReasoning) {
      this.#reasoning += this.#waitingReasoning
      this.#waitingReasoning = ''
    }
    if (!this.#waitingText) return
    this.#progress = null
    this.#markdown.append(this.#waitingText)
    this.#waitingText = ''
    this.#blocks = this.#markdown.blocks
  }

  #replace(text: string, reasoning: string): void {
    this.#reasoning = reasoning
    this.#waitingReasoning = ''
    this.#waitingText = ''
    this.#text = text
    this.#markdown = new MarkdownStream()
    if (text) this.#markdown.append(text)
    this.#blocks = this.#markdown.blocks
  }
}
