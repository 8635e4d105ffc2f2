/** A file with its path in the folder that it came from; null for one that was chosen by itself. */
export interface FoundFile {
  file: File
  path: string | null
}
export interface Findings {
  files: FoundFile[]
  /** What the file system keeps for itself (`.DS_Store`) and what could not be opened. */
  leftOut: string[]
}

const OF_THE_SYSTEM = /^(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|__MACOSX)$/i

/** Takes what was dropped; to be called while the event lives, awaited afterwards. */
export function readDrop(transfer: DataTransfer): Promise<Findings> {
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.kind === 'file' ? (item.webkitGetAsEntry?.() ?? null) : null
    return entry ? [entry] : []
  })
  // A file that a program made on the spot has no entry; it is a file all the same.
  if (entries.length === 0) return Promise.resolve({ files: [...transfer.files].map((file) => ({ file, path: null })), leftOut: [] })
  return readEntries(entries)
}

/** Every file in and under the entries, folder by folder. */
export async function readEntries(entries: readonly FileSystemEntry[]): Promise<Findings> {
  const found: Findings = { files: [], leftOut: [] }
  for (const entry of entries) await walk(entry, '', found)
  return found
}

async function walk(entry: FileSystemEntry, folder: string, found: Findings): Promise<void> {
  const path = folder + entry.name
  if (OF_THE_SYSTEM.test(entry.name)) {
    found.leftOut.push(path)
    return
  }
  try {
    if (entry.isDirectory) for (const inside of await listFolder(entry as FileSystemDirectoryEntry)) await walk(inside, `${path}/`, found)
    else found.files.push({ file: await openFile(entry as FileSystemFileEntry), path: folder === '' ? null : path })
  } catch {
    found.leftOut.push(path)
  }
}

async function listFolder(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    // The reader gives a hundred at a time, and nothing when there is no more.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return all
    all.push(...some)
  }
}

const openFile = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject))

/** Takes what was chosen in a dialog for folders. */
export function readChosen(files: readonly File[]): Findings {
  const found: Findings = { files: [], leftOut: [] }
  for (const file of files) {
    const path = file.webkitRelativePath || null
    if ((path ?? file.name).split('/').some((part) => OF_THE_SYSTEM.test(part))) found.leftOut.push(path ?? file.name)
    else found.files.push({ file, path })
  }
  return found
}
