import { problemOf, type Http } from '../api/http'
import { changeChat, deleteChat, getChat, listChats, type ChatFilter } from '../api/chats'
import { getChatBases } from '../api/library'
import type { Chat, ChatChanges, Problem } from '../api/types'
import { Conversation } from './conversation.svelte'
import { hasDraft } from './draft.svelte'
import type { Runs } from './runs.svelte'

const TITLE_DELAYS_MS = [300, 2000]
export const ALL_CHATS: ChatFilter = { shelf: 'active', folder: null, tag: null }

const isBare = (chat: Chat): boolean =>
  chat.title === '' && chat.head_id === null && chat.model === null && chat.system_prompt === '' && Object.keys(chat.parameters).length === 0

/** The list of chats, as far as it has been looked through, and the one that is open. */
export class Chats {
  #http: Http
  #runs: Runs
  #list = $state.raw<readonly Chat[]>([])
  #folders = $state.raw<readonly string[]>([])
  #tags = $state.raw<readonly string[]>([])
  #filter = $state.raw<ChatFilter>(ALL_CHATS)
  #next = $state.raw<number | null>(null)
  #isLoadingMore = false
  #turn = 0
  #isLoaded = $state(false)
  #problem = $state.raw<Problem | null>(null)
  #current = $state.raw<Conversation>() as Conversation
  #opened = new Map<string, Conversation>()
  #onOpen: (chatId: string | null, isNew: boolean) => void = () => undefined

  constructor(http: Http, runs: Runs) {
    this.#http = http
    this.#runs = runs
    this.#current = this.#make(null)
  }

  get list(): readonly Chat[] {
    return this.#list
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get current(): Conversation {
    return this.#current
  }
  /** The title of the open chat, which a renaming or the server changes in the list first. */
  get title(): string {
    const { chat } = this.#current
    return chat ? (this.#list.find((other) => other.id === chat.id)?.title ?? chat.title) : ''
  }
  isWriting(chatId: string): boolean {
    return this.#runs.isWriting(chatId)
  }

  onOpen(tell: (chatId: string | null, isNew: boolean) => void): void {
    this.#onOpen = tell
  }

  get filter(): ChatFilter {
    return this.#filter
  }
  /** Whether only some of the chats are meant to be in the list. */
  get isNarrowed(): boolean {
    return this.#filter.shelf !== 'active' || this.#filter.folder !== null || this.#filter.tag !== null
  }
  /** Every folder that a chat lies in, as a path. */
  get folders(): readonly string[] {
    return this.#folders
  }
  get tags(): readonly string[] {
    return this.#tags
  }
  get hasMore(): boolean {
    return this.#next !== null
  }

  /** Looks at the first page again; what was read beyond it stays. */
  async load(): Promise<void> {
    const turn = ++this.#turn
    try {
      const page = await listChats(this.#http, this.#filter, null)
      // An earlier question may be answered later.
      if (turn !== this.#turn) return
      const ids = new Set(page.chats.map((chat) => chat.id))
      const shared = this.#list.findLastIndex((chat) => ids.has(chat.id) && !chat.pinned)
      const older = page.next === null || shared < 0 ? [] : this.#list.slice(shared + 1).filter((chat) => !chat.pinned && !ids.has(chat.id))
      this.#list = [...page.chats, ...older]
      if (older.length === 0) this.#next = page.next
      this.#folders = page.folders
      this.#tags = page.tags
      this.#isLoaded = true
      this.#problem = null
    } catch (error) {
      if (turn === this.#turn) this.#problem = problemOf(error)
    }
  }

  async loadMore(): Promise<void> {
    const before = this.#next
    const filter = this.#filter
    if (before === null || this.#isLoadingMore) return
    this.#isLoadingMore = true
    try {
      const page = await listChats(this.#http, filter, before)
      if (filter !== this.#filter) return
      const ids = new Set(this.#list.map((chat) => chat.id))
      this.#list = [...this.#list, ...page.chats.filter((chat) => !ids.has(chat.id))]
      this.#next = page.next
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    } finally {
      this.#isLoadingMore = false
    }
  }

  async narrow(changes: Partial<ChatFilter>): Promise<void> {
    this.#filter = { ...this.#filter, ...changes }
    this.#list = []
    this.#next = null
    this.#isLoaded = false
    await this.load()
  }

  /** Shows a chat, if need be at one of its messages, or an empty one. The draft and the streams of the chat that is left go on. */
  async open(chatId: string | null, messageId: string | null = null): Promise<void> {
    if (chatId === null) {
      const shown = this.#current.chat
      if (shown && isBare(shown) && this.#current.isUntouched) return
      if (this.#current.chat !== null || this.#current.state !== 'ready') this.#current = this.#make(null)
      this.#onOpen(null, false)
      return
    }
    const known = this.#opened.get(chatId)
    const conversation = known ?? this.#make(chatId)
    this.#opened.set(chatId, conversation)
    this.#current = conversation
    this.#onOpen(chatId, false)
    await conversation.load(chatId)
    if (messageId !== null && conversation === this.#current && conversation.state === 'ready') await conversation.seek(messageId)
  }

  /** Looks again at what is shown, after the line was lost. */
  async refresh(): Promise<void> {
    const chatId = this.#current.chat?.id
    await Promise.all([this.load(), chatId ? this.#current.load(chatId) : undefined])
  }

  /** Title, folder, tags, pin or archive of a chat. Returns why it was not changed. */
  async change(chat: Chat, changes: ChatChanges): Promise<Problem | null> {
    try {
      this.#take(await changeChat(this.#http, chat.id, changes))
    } catch (error) {
      return problemOf(error)
    }
    // Where it stands now, and which folders and tags there are, the server knows.
    if (!('title' in changes)) await this.load()
    return null
  }

  async remove(chat: Chat): Promise<Problem | null> {
    try {
      await deleteChat(this.#http, chat.id)
    } catch (error) {
      return problemOf(error)
    }
    this.#runs.forget(chat.id)
    this.#opened.get(chat.id)?.draft.discard()
    this.#opened.delete(chat.id)
    this.#list = this.#list.filter((other) => other.id !== chat.id)
    if (this.#current.chat?.id === chat.id) {
      this.#current = this.#make(null)
      await this.open(null)
    }
    return null
  }

  #make(chatId: string | null): Conversation {
    return new Conversation(
      this.#http,
      this.#runs,
      {
        spare: () => this.#findSpare(),
        created: (conversation, chat) => {
          this.#opened.set(chat.id, conversation)
          // A list of something else would hide what has just been begun.
          if (this.isNarrowed) void this.narrow(ALL_CHATS)
          else this.#list = [chat, ...this.#list.filter((other) => other.id !== chat.id)]
          if (conversation === this.#current) this.#onOpen(chat.id, true)
        },
        changed: (chat) => this.#take(chat),
        // The server gives a title to a chat after its first message.
        touched: () => TITLE_DELAYS_MS.forEach((delayMs) => setTimeout(() => void this.load(), delayMs)),
      },
      chatId,
    )
  }

  async #findSpare(): Promise<Chat | null> {
    const spare = this.#list.find((chat) => isBare(chat) && !hasDraft(chat.id) && (this.#opened.get(chat.id)?.isUntouched ?? true))
    if (!spare) return null
    try {
      const [{ chat, messages, documents }, bases] = await Promise.all([getChat(this.#http, spare.id, 1), getChatBases(this.#http, spare.id)])
      return isBare(chat) && messages.length + documents.length + bases.length === 0 ? chat : null
    } catch {
      // It may be gone by now; a new one does as well.
      return null
    }
  }

  #take(chat: Chat): void {
    this.#list = this.#list.map((other) => (other.id === chat.id ? chat : other))
    this.#opened.get(chat.id)?.rename(chat)
  }
}
