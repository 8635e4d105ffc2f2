import { problemOf, type Http } from '../api/http'
import { deleteDocument, getDocument, imageAddress, uploadDocument } from '../api/documents'
import type { ChatDocument, ImageTask, PagePicture, Problem } from '../api/types'
import { keep, newId, recall } from '../lib/store'

const THUMBNAIL_PX = 160
/** How long between two questions whether a file has been read: soon at first, then less often. */
const LOOK_MS = [300, 500, 800, 1200, 2000]

/** A page of a document that goes to the model as a picture, with the name of the document. */
export interface AttachedPage extends PagePicture {
  name: string
}
/** What a message brings besides its words and files. */
export interface Extras {
  task?: ImageTask
  pages?: PagePicture[]
}

/** A file on its way into a chat, or one that came there earlier and was not sent. */
export class Attachment {
  readonly id = newId()
  readonly name: string
  /** The pasted text that became this file, so that it can go back into the input. */
  readonly pastedText: string | null
  readonly thumbnail: string | null
  #share = $state(0)
  #document = $state.raw<ChatDocument | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #file: File | null = null
  #upload = new AbortController()

  constructor(source: File | ChatDocument, pastedText: string | null = null) {
    this.name = source.name
    this.pastedText = pastedText
    if (source instanceof File) {
      this.#file = source
      this.thumbnail = source.type.startsWith('image/') ? URL.createObjectURL(source) : null
    } else {
      this.#document = source
      this.thumbnail = source.kind === 'image' ? imageAddress(source.id, null, THUMBNAIL_PX) : null
    }
  }

  get share(): number {
    return this.#share
  }
  get document(): ChatDocument | null {
    return this.#document
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get state(): 'uploading' | 'reading' | 'ready' | 'failed' {
    if (this.#problem) return 'failed'
    if (this.#document) return this.#document.status === 'reading' ? 'reading' : 'ready'
    return this.#share < 1 ? 'uploading' : 'reading'
  }
  get isPicture(): boolean {
    return this.#document ? this.#document.kind === 'image' : this.thumbnail !== null
  }

  async send(http: Http, chatId: string): Promise<void> {
    if (!this.#file) return
    this.#problem = null
    this.#share = 0
    try {
      this.#document = await uploadDocument(http, chatId, this.#file, (share) => (this.#share = share), this.#upload.signal)
      await this.follow(http)
    } catch (error) {
      if (!this.#upload.signal.aborted) this.#problem = problemOf(error)
    }
  }

  /** Waits until the server has read the file. */
  async follow(http: Http): Promise<void> {
    try {
      for (let looks = 0; this.#document?.status === 'reading'; looks++) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS[Math.min(looks, LOOK_MS.length - 1)]))
        if (this.#upload.signal.aborted) return
        this.#document = await getDocument(http, this.#document.id)
      }
      const { document } = this
      if (document?.status === 'failed') this.#problem = document.error ?? { code: 'file_damaged', title: '', detail: '', values: { name: document.name } }
    } catch (error) {
      if (!this.#upload.signal.aborted) this.#problem = problemOf(error)
    }
  }

  fail(problem: Problem): void {
    this.#problem = problem
  }

  async drop(http: Http): Promise<void> {
    this.#upload.abort()
    if (this.#file && this.thumbnail) URL.revokeObjectURL(this.thumbnail)
    // A file that cannot be deleted now stays in the chat's list, where it can be seen.
    if (this.#document) await deleteDocument(http, this.#document.id).catch(() => undefined)
  }
}

const storeKeyOf = (chatId: string | null): string => `samovar.draft.${chatId ?? 'new'}`
export const hasDraft = (chatId: string): boolean => Boolean(recall(storeKeyOf(chatId)))

/** What the reader is about to send in one chat; the words outlive the page. */
export class Draft {
  #http: Http
  #storeKey: string
  #text = $state('')
  #attachments = $state.raw<readonly Attachment[]>([])
  #pages = $state.raw<readonly AttachedPage[]>([])
  #task = $state<ImageTask | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #isSending = $state(false)
  #isWaiting = $state(false)
  #release: (isReady: boolean) => void = () => undefined
  #attempt: { key: string; content: string } | null = null

  constructor(http: Http, chatId: string | null) {
    this.#http = http
    this.#storeKey = storeKeyOf(chatId)
    const saved = recall(this.#storeKey)
    if (typeof saved === 'string') this.#text = saved
  }

  get text(): string {
    return this.#text
  }
  get attachments(): readonly Attachment[] {
    return this.#attachments
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get isSending(): boolean {
    return this.#isSending
  }
  get isWaitingForFiles(): boolean {
    return this.#attachments.some((attachment) => attachment.state === 'uploading' || attachment.state === 'reading')
  }
  /** Whether it goes out by itself as soon as the files are ready. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }
  get isEmpty(): boolean {
    return this.#text === '' && this.#attachments.length === 0 && this.#pages.length === 0
  }
  /** Pages of documents that go to the model as pictures. */
  get pages(): readonly AttachedPage[] {
    return this.#pages
  }
  get hasPicture(): boolean {
    return this.#pages.length > 0 || this.#attachments.some((attachment) => attachment.isPicture && attachment.state !== 'failed')
  }
  /** What is asked of the pictures; null for nothing but the words. */
  get task(): ImageTask | null {
    return this.hasPicture ? this.#task : null
  }
  get canSend(): boolean {
    const hasFile = this.#pages.length > 0 || this.#attachments.some((attachment) => attachment.state === 'ready')
    return !this.#isSending && !this.isWaitingForFiles && (this.#text.trim() !== '' || hasFile)
  }
  get documents(): ChatDocument[] {
    return this.#attachments.flatMap((attachment) => (attachment.document && attachment.state === 'ready' ? [attachment.document] : []))
  }

  write(text: string): void {
    if (text !== this.#text) this.stopWaiting()
    this.#text = text
    keep(this.#storeKey, text)
  }

  async attach(files: readonly File[], pastedText: string | null, openChat: () => Promise<string>): Promise<void> {
    const added = files.map((file) => new Attachment(file, pastedText))
    this.#attachments = [...this.#attachments, ...added]
    try {
      const chatId = await openChat()
      await Promise.all(added.map((attachment) => attachment.send(this.#http, chatId).then(() => this.#look(attachment))))
    } catch (error) {
      for (const attachment of added) attachment.fail(problemOf(error))
      this.stopWaiting()
    }
  }

  attachPage(page: AttachedPage): void {
    this.stopWaiting()
    this.#pages = [...this.#pages.filter((other) => other.document_id !== page.document_id || other.page !== page.page), page]
  }
  detachPage(page: AttachedPage): void {
    this.stopWaiting()
    this.#pages = this.#pages.filter((other) => other !== page)
  }
  chooseTask(task: ImageTask | null): void {
    this.stopWaiting()
    this.#task = task
  }

  /** Takes up the files that were read before and not sent. */
  restore(documents: readonly ChatDocument[]): void {
    if (this.#attachments.some((attachment) => attachment.state === 'uploading') || this.#isSending) return
    const known = new Set(this.#attachments.map((attachment) => attachment.document?.id))
    const added = documents.filter((document) => !known.has(document.id)).map((document) => new Attachment(document))
    if (added.length > 0) this.#attachments = [...this.#attachments, ...added]
    for (const attachment of added) void attachment.follow(this.#http).then(() => this.#look(attachment))
  }

  async detach(attachment: Attachment): Promise<void> {
    this.stopWaiting()
    this.#attachments = this.#attachments.filter((other) => other !== attachment)
    await attachment.drop(this.#http)
  }

  /** Puts pasted text that became a file back into the input. */
  async unfold(attachment: Attachment): Promise<void> {
    if (attachment.pastedText === null) return
    this.write(this.#text + attachment.pastedText)
    await this.detach(attachment)
  }

  /** True as soon as every file is read; false when one fails, or the reader changes anything before. */
  async filesReady(): Promise<boolean> {
    if (!this.isWaitingForFiles) return true
    this.stopWaiting()
    this.#isWaiting = true
    return new Promise((resolve) => (this.#release = resolve))
  }

  stopWaiting(isReady = false): void {
    this.#isWaiting = false
    this.#release(isReady)
    this.#release = () => undefined
  }

  /**
   * Sends with `post`; the words are forgotten only after the server has them.
   * The same content goes out under the same key, so a repeated try never sends it twice.
   */
  async send(post: (text: string, documentIds: string[], key: string, extras: Extras) => Promise<void>): Promise<void> {
    if (!this.canSend) return
    const text = this.#text
    const documentIds = this.documents.map((document) => document.id)
    const pages = this.#pages.map(({ document_id, page }) => ({ document_id, page }))
    const extras = { ...(this.task ? { task: this.task } : {}), ...(pages.length > 0 ? { pages } : {}) }
    const content = JSON.stringify([text, documentIds, extras])
    if (this.#attempt?.content !== content) this.#attempt = { key: newId(), content }
    this.#isSending = true
    this.#problem = null
    try {
      await post(text, documentIds, this.#attempt.key, extras)
      this.#attempt = null
      if (this.#text === text) this.write('')
      this.#attachments = this.#attachments.filter((attachment) => attachment.state !== 'ready')
      this.#pages = []
      this.#task = null
    } catch (error) {
      this.#problem = problemOf(error)
    } finally {
      this.#isSending = false
    }
  }

  /** The draft of a chat that has just been made goes on under its id. */
  moveTo(chatId: string): void {
    keep(this.#storeKey, null)
    this.#storeKey = storeKeyOf(chatId)
    keep(this.#storeKey, this.#text)
  }

  discard(): void {
    this.stopWaiting()
    keep(this.#storeKey, null)
  }

  #look(attachment: Attachment): void {
    if (attachment.problem) this.stopWaiting()
    else if (!this.isWaitingForFiles) this.stopWaiting(true)
  }
}
