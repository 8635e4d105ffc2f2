import { problemOf, type Http } from '../api/http'
import { changeChat, createChat, getChat, regenerate, sendMessage } from '../api/chats'
import { getChatBases, setChatBases } from '../api/library'
import type { Base } from '../api/library-types'
import type { Chat, ChatChanges, ChatDocument, Message, Parameters, Problem } from '../api/types'
import { newId } from '../lib/store'
import { branchTo, newestLeaf, versionsOf } from '../lib/tree'
import { Draft } from './draft.svelte'
import type { LiveRun } from './run.svelte'
import type { Runs } from './runs.svelte'

const CHANGE_DELAY_MS = 400

/** What a conversation tells the rest of the page. */
export interface ConversationWatcher {
  /** A chat on the server that holds nothing yet, to be filled instead of a new one. */
  spare(): Promise<Chat | null>
  created(conversation: Conversation, chat: Chat): void
  changed(chat: Chat): void
  touched(): void
}

/** One chat: its tree of messages, its settings and its draft. Without an id until the first thing is stored. */
export class Conversation {
  readonly draft: Draft
  #http: Http
  #runs: Runs
  #watcher: ConversationWatcher
  #chat = $state.raw<Chat | null>(null)
  #messages = $state.raw<readonly Message[]>([])
  #documents = $state.raw<readonly ChatDocument[]>([])
  #bases = $state.raw<readonly Base[]>([])
  #headId = $state<string | null>(null)
  #settings = $state.raw<{ system_prompt: string; model: string | null; parameters: Parameters }>({
    system_prompt: '',
    model: null,
    parameters: {},
  })
  #state = $state<'loading' | 'ready' | 'failed'>('ready')
  #problem = $state.raw<Problem | null>(null)
  #actionProblem = $state.raw<Problem | null>(null)
  #waitingChanges: ChatChanges = {}
  #changeTimer: ReturnType<typeof setTimeout> | undefined
  #beginning = 0
  #isStopAsked = false
  #creating: Promise<string> | null = null
  #editAttempts = new Map<string, { text: string; key: string }>()

  #branch = $derived(branchTo(this.#messages, this.#headId))

  constructor(http: Http, runs: Runs, watcher: ConversationWatcher, chatId: string | null) {
    this.#http = http
    this.#runs = runs
    this.#watcher = watcher
    this.draft = new Draft(http, chatId)
    if (chatId !== null) this.#state = 'loading'
  }

  get chat(): Chat | null {
    return this.#chat
  }
  get branch(): readonly Message[] {
    return this.#branch
  }
  get documents(): readonly ChatDocument[] {
    return this.#documents
  }
  /** The knowledge bases that are searched for its answers. */
  get bases(): readonly Base[] {
    return this.#bases
  }
  get systemPrompt(): string {
    return this.#settings.system_prompt
  }
  get model(): string | null {
    return this.#settings.model
  }
  get parameters(): Parameters {
    return this.#settings.parameters
  }
  get state(): 'loading' | 'ready' | 'failed' {
    return this.#state
  }
  get problem(): Problem | null {
    return this.#problem
  }
  /** Why the last act (regenerate, stop, a setting) did not work. */
  get actionProblem(): Problem | null {
    return this.#actionProblem
  }
  /** Whether nothing has been put into it, here or on the server. */
  get isUntouched(): boolean {
    return this.#state === 'ready' && this.#messages.length === 0 && this.#documents.length === 0 && this.#bases.length === 0 && this.draft.isEmpty
  }
  /** Whether there is nothing to show yet, though something may be written or attached. */
  get isEmpty(): boolean {
    return this.#state === 'ready' && this.#branch.length === 0
  }
  get lastReply(): Message | null {
    return this.#branch.findLast((message) => message.role === 'assistant') ?? null
  }
  get lastUserMessage(): Message | null {
    return this.#branch.findLast((message) => message.role === 'user') ?? null
  }
  /** The reply that is being written on the branch shown. */
  get liveRun(): LiveRun | null {
    const reply = this.lastReply
    const run = reply ? this.#runs.of(reply) : null
    return run?.isLive ? run : null
  }

  runOf(message: Message): LiveRun | null {
    return this.#runs.of(message)
  }
  versionsOf(message: Message): Message[] {
    return versionsOf(this.#messages, message)
  }
  documentsOf(message: Message): ChatDocument[] {
    return this.#documents.filter((document) => message.document_ids.includes(document.id))
  }

  async load(chatId: string): Promise<void> {
    if (!this.#chat) this.#state = 'loading'
    try {
      const [detail, bases] = await Promise.all([getChat(this.#http, chatId), getChatBases(this.#http, chatId)])
      this.#bases = bases
      this.#takeChat(detail.chat)
      this.#headId = detail.chat.head_id
      this.#messages = detail.messages
      this.#documents = detail.documents
      const sent = new Set(detail.messages.flatMap((message) => message.document_ids))
      this.draft.restore(detail.documents.filter((document) => !sent.has(document.id)))
      this.#state = 'ready'
      this.#problem = null
      for (const message of detail.messages) this.#attachTo(message)
    } catch (error) {
      // What is shown already stays when a later look fails.
      if (!this.#chat) this.#state = 'failed'
      this.#problem = problemOf(error)
    }
  }

  /** Sends the draft, if need be after its files have been read. */
  async send(): Promise<void> {
    if (!(await this.draft.filesReady())) return
    await this.draft.send(async (text, documentIds, key, extras) => {
      const chatId = await this.open()
      await this.#flushChanges()
      const sent = this.draft.documents
      const parentId = this.#headId
      await this.#begin(async () => {
        const answer = await sendMessage(this.#http, chatId, { text, parent_id: parentId, document_ids: documentIds, ...extras }, key)
        this.#documents = [...this.#documents.filter((known) => sent.every((document) => document.id !== known.id)), ...sent]
        this.#takeMessages(answer.message, answer.reply)
      })
    })
  }

  /** Sends a changed wording as a new branch. Returns the problem, or null when the server has it. */
  async edit(message: Message, text: string): Promise<Problem | null> {
    const chatId = this.#chat?.id
    if (!chatId) return null
    const known = this.#editAttempts.get(message.id)
    const key = known?.text === text ? known.key : newId()
    this.#editAttempts.set(message.id, { text, key })
    try {
      await this.#flushChanges()
      const { task, pages } = message
      const fields = { text, parent_id: message.parent_id, document_ids: message.document_ids, ...(task ? { task } : {}), ...(pages?.length ? { pages } : {}) }
      await this.#begin(async () => {
        const answer = await sendMessage(this.#http, chatId, fields, key)
        this.#editAttempts.delete(message.id)
        this.#takeMessages(answer.message, answer.reply)
      })
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  async regenerate(reply: Message): Promise<void> {
    await this.#act(() =>
      this.#begin(async () => {
        await this.#flushChanges()
        const answer = await regenerate(this.#http, reply.id)
        this.#takeMessages(answer.reply)
      }),
    )
  }

  /** Stops the reply that is being written; one that is only being asked for is stopped as soon as it begins. */
  async stop(): Promise<void> {
    this.#isStopAsked = this.#beginning > 0
    if (this.#isStopAsked) return
    const reply = this.lastReply
    const isUnfinished = reply?.run_status === 'queued' || reply?.run_status === 'running'
    if (reply?.run_id && isUnfinished) this.#actionProblem = await this.#runs.stop(reply.run_id)
  }

  /** Shows the newest branch that goes through a version. */
  async showVersion(version: Message): Promise<void> {
    const head = newestLeaf(this.#messages, version)
    this.#headId = head.id
    this.#attachTo(head)
    await this.#act(async () => {
      if (this.#chat) this.#takeChat(await changeChat(this.#http, this.#chat.id, { head_id: head.id }))
    })
  }

  change(changes: Partial<{ system_prompt: string; model: string | null; parameters: Parameters }>): void {
    this.#settings = { ...this.#settings, ...changes }
    if (!this.#chat && !this.#creating) return
    this.#waitingChanges = { ...this.#waitingChanges, ...changes }
    clearTimeout(this.#changeTimer)
    this.#changeTimer = setTimeout(() => void this.#act(() => this.#flushChanges()), CHANGE_DELAY_MS)
  }

  /** Chooses the knowledge bases; a chat that is not stored yet keeps them until it is. */
  async chooseBases(bases: readonly Base[]): Promise<void> {
    const before = this.#bases
    this.#bases = bases
    const chatId = this.#chat?.id
    if (!chatId) return
    await this.#act(async () => {
      try {
        this.#bases = await setChatBases(this.#http, chatId, bases.map((base) => base.id))
      } catch (error) {
        this.#bases = before
        throw error
      }
    })
  }

  rename(chat: Chat): void {
    if (this.#chat?.id === chat.id) this.#chat = chat
  }

  forgetProblem(): void {
    this.#actionProblem = null
  }

  /** The id of the chat; makes it when it is not stored yet, once however often it is asked for. */
  async open(): Promise<string> {
    if (this.#chat) return this.#chat.id
    this.#creating ??= this.#create().finally(() => (this.#creating = null))
    return this.#creating
  }

  async #create(): Promise<string> {
    const { system_prompt, model, parameters } = this.#settings
    const chosen = {
      ...(system_prompt ? { system_prompt } : {}),
      ...(model ? { model } : {}),
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    }
    const spare = await this.#watcher.spare()
    const isChosen = Object.keys(chosen).length > 0
    const chat = spare && !isChosen ? spare : spare ? await changeChat(this.#http, spare.id, chosen) : await createChat(this.#http, chosen)
    if (this.#bases.length > 0) await setChatBases(this.#http, chat.id, this.#bases.map((base) => base.id))
    this.#chat = chat
    this.draft.moveTo(chat.id)
    this.#watcher.created(this, chat)
    return chat.id
  }

  async #flushChanges(): Promise<void> {
    clearTimeout(this.#changeTimer)
    const changes = this.#waitingChanges
    if (!this.#chat || Object.keys(changes).length === 0) return
    this.#waitingChanges = {}
    try {
      this.#takeChat(await changeChat(this.#http, this.#chat.id, changes))
    } catch (error) {
      // Kept for the next try, under what was changed since.
      this.#waitingChanges = { ...changes, ...this.#waitingChanges }
      throw error
    }
  }

  async #begin(act: () => Promise<void>): Promise<void> {
    this.#beginning++
    try {
      await act()
    } finally {
      this.#beginning--
      if (this.#isStopAsked) void this.stop()
    }
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.#actionProblem = null
    try {
      await act()
    } catch (error) {
      this.#actionProblem = problemOf(error)
    }
  }

  #takeChat(chat: Chat): void {
    this.#chat = chat
    const { system_prompt, model, parameters } = chat
    this.#settings = { system_prompt, model, parameters, ...this.#waitingChanges }
    this.#watcher.changed(chat)
  }

  #takeMessages(...added: Message[]): void {
    const others = this.#messages.filter((message) => added.every((other) => other.id !== message.id))
    this.#messages = [...others, ...added]
    this.#headId = added.at(-1)?.id ?? this.#headId
    for (const message of added) this.#attachTo(message)
    this.#watcher.touched()
  }

  #attachTo(message: Message): void {
    if (message.run_status !== 'queued' && message.run_status !== 'running') return
    this.#runs.follow(this.#chat?.id ?? '', message, (run) => this.#takeEnd(run))
  }

  #takeEnd(run: LiveRun): void {
    this.#messages = this.#messages.map((message) => (message.id === run.messageId ? run.applyTo(message) : message))
    this.#watcher.touched()
  }
}
