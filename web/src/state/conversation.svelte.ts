import { problemOf, type Http } from '../api/http'
import { changeChat, continueReply, createChat, getChat, regenerate, sendMessage, showBranch } from '../api/chats'
import { getChatBases, setChatBases } from '../api/library'
import type { Base } from '../api/library-types'
import type { Chat, ChatChanges, ChatDetail, ChatDocument, Message, Parameters, Problem } from '../api/types'
import { newId } from '../lib/store'
import { ChatSettings, type SettingFields } from './chat-settings.svelte'
import type { ChatContext } from './context.svelte'
import { Draft } from './draft.svelte'
import { Messages, PAGE } from './messages.svelte'
import type { LiveRun } from './run.svelte'
import type { Runs } from './runs.svelte'

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
  /** Its messages, as far as they are loaded. */
  readonly messages: Messages
  #http: Http
  #runs: Runs
  #watcher: ConversationWatcher
  #chat = $state.raw<Chat | null>(null)
  #documents = $state.raw<readonly ChatDocument[]>([])
  #bases = $state.raw<readonly Base[]>([])
  #settings = new ChatSettings()
  #state = $state<'loading' | 'ready' | 'failed'>('ready')
  #problem = $state.raw<Problem | null>(null)
  #actionProblem = $state.raw<Problem | null>(null)
  #sought = $state.raw<{ messageId: string } | null>(null)
  #ends = $state(0)
  #context: Promise<ChatContext> | null = null
  #beginning = 0
  #isStopAsked = false
  #creating: Promise<string> | null = null
  #editAttempts = new Map<string, { text: string; key: string }>()

  constructor(http: Http, runs: Runs, watcher: ConversationWatcher, chatId: string | null) {
    this.#http = http
    this.#runs = runs
    this.#watcher = watcher
    this.draft = new Draft(http, chatId)
    this.messages = new Messages(http)
    if (chatId !== null) this.#state = 'loading'
  }

  get chat(): Chat | null {
    return this.#chat
  }
  get branch(): readonly Message[] {
    return this.messages.branch
  }
  get documents(): readonly ChatDocument[] {
    return this.#documents
  }
  /** The knowledge bases that are searched for its answers. */
  get bases(): readonly Base[] {
    return this.#bases
  }
  get systemPrompt(): string {
    return this.#settings.fields.system_prompt
  }
  get model(): string | null {
    return this.#settings.fields.model
  }
  get parameters(): Parameters {
    return this.#settings.fields.parameters
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
    return this.#state === 'ready' && this.messages.isEmpty && this.#documents.length === 0 && this.#bases.length === 0 && this.draft.isEmpty
  }
  /** Whether there is nothing to show yet, though something may be written or attached. */
  get isEmpty(): boolean {
    return this.#state === 'ready' && this.branch.length === 0
  }
  get lastReply(): Message | null {
    return this.branch.findLast((message) => message.role === 'assistant') ?? null
  }
  get lastUserMessage(): Message | null {
    return this.branch.findLast((message) => message.role === 'user') ?? null
  }
  /** The reply that is being written on the branch shown. */
  get liveRun(): LiveRun | null {
    const reply = this.lastReply
    const run = reply ? this.#runs.of(reply) : null
    return run?.isLive ? run : null
  }

  /** What the model is shown of it; loaded with the dialogue. */
  context(): Promise<ChatContext> {
    return (this.#context ??= import('./context.svelte').then(({ ChatContext }) => new ChatContext(this.#http, this)))
  }
  runOf(message: Message): LiveRun | null {
    return this.#runs.of(message)
  }
  /** The message that is to be brought into view; a new object for each time. */
  get sought(): { messageId: string } | null {
    return this.#sought
  }
  /** How many replies have ended here since the page was opened: what stands on them is to be looked at again. */
  get endedReplies(): number {
    return this.#ends
  }
  documentsOf(message: Message): ChatDocument[] {
    return this.#documents.filter((document) => message.document_ids.includes(document.id))
  }

  async load(chatId: string): Promise<void> {
    if (!this.#chat) this.#state = 'loading'
    try {
      const [detail, bases] = await Promise.all([getChat(this.#http, chatId, PAGE), getChatBases(this.#http, chatId)])
      this.#bases = bases
      this.#documents = detail.documents
      this.#takeDetail(detail)
      const unsent = new Set(detail.unsent_document_ids)
      this.draft.restore(detail.documents.filter((document) => unsent.has(document.id)))
      this.#state = 'ready'
      this.#problem = null
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
      const parentId = this.messages.endId
      await this.#begin(async () => {
        const answer = await sendMessage(this.#http, chatId, { text, parent_id: parentId, document_ids: documentIds, ...extras }, key)
        this.#documents = [...this.#documents.filter((known) => sent.every((document) => document.id !== known.id)), ...sent]
        this.#takeNew(answer.message, answer.reply)
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
        this.#takeNew(answer.message, answer.reply)
      })
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  /** Makes another version of a reply, if need be by another model than that of the chat. */
  async regenerate(reply: Message, model: string | null = null): Promise<void> {
    await this.#again(() => regenerate(this.#http, reply.id, model))
  }

  /** Lets a reply go on where it ended. */
  async goOn(reply: Message): Promise<void> {
    await this.#again(() => continueReply(this.#http, reply.id))
  }

  /** Stops the reply that is being written; one that is only being asked for is stopped as soon as it begins. */
  async stop(): Promise<void> {
    this.#isStopAsked = this.#beginning > 0
    if (this.#isStopAsked) return
    const reply = this.lastReply
    const isUnfinished = reply?.run_status === 'queued' || reply?.run_status === 'running'
    if (reply?.run_id && isUnfinished) this.#actionProblem = await this.#runs.stop(reply.run_id)
  }

  /** Shows the newest branch that goes through a message, and the message itself. */
  async show(messageId: string): Promise<void> {
    await this.#act(async () => {
      const chatId = this.#chat?.id
      if (!chatId) return
      this.#takeDetail(await showBranch(this.#http, chatId, messageId))
      await this.#bring(chatId, messageId)
    })
  }

  /** Brings a message into view, however far back it stands; shows another branch only when it is not on this one. */
  async seek(messageId: string): Promise<void> {
    await this.#act(async () => {
      const chatId = this.#chat?.id
      if (chatId && !(await this.#bring(chatId, messageId))) await this.show(messageId)
    })
  }

  async loadEarlier(): Promise<void> {
    await this.#act(async () => {
      if (this.#chat) await this.messages.loadEarlier(this.#chat.id)
    })
  }

  /** Writes fields of the chat at once; makes the chat when it is not stored yet. */
  async set(changes: ChatChanges): Promise<void> {
    await this.#act(async () => {
      const chatId = await this.open()
      await this.#flushChanges()
      this.#takeChat(await changeChat(this.#http, chatId, changes))
    })
  }

  change(changes: Partial<SettingFields>): void {
    if (this.#chat || this.#creating) this.#settings.change(changes, () => void this.#act(() => this.#flushChanges()))
    else this.#settings.set(changes)
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
    const { chosen } = this.#settings
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
    const chatId = this.#chat?.id
    if (chatId) await this.#settings.flush(async (changes) => this.#takeChat(await changeChat(this.#http, chatId, changes)))
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
    this.#settings.take(chat)
    this.#watcher.changed(chat)
  }

  async #again(ask: () => Promise<{ reply: Message }>): Promise<void> {
    await this.#act(() =>
      this.#begin(async () => {
        await this.#flushChanges()
        this.#takeNew((await ask()).reply)
      }),
    )
  }

  async #bring(chatId: string, messageId: string): Promise<boolean> {
    const isThere = await this.messages.reach(chatId, messageId)
    if (isThere) this.#sought = { messageId }
    return isThere
  }

  #takeDetail(detail: ChatDetail): void {
    this.#takeChat(detail.chat)
    this.messages.take(detail)
    this.messages.showHead(detail.chat.head_id)
    for (const message of detail.messages) this.#attachTo(message)
  }

  #takeNew(...added: Message[]): void {
    this.messages.add(...added)
    for (const message of added) this.#attachTo(message)
    this.#watcher.touched()
  }

  #attachTo(message: Message): void {
    if (message.run_status !== 'queued' && message.run_status !== 'running') return
    this.#runs.follow(this.#chat?.id ?? '', message, (run) => this.#takeEnd(run))
  }

  #takeEnd(run: LiveRun): void {
    this.messages.change(run.messageId, (message) => run.applyTo(message))
    this.#ends++
    this.#watcher.touched()
  }
}
