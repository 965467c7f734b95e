/// What a minute has changed in a record, sealed as the copy it goes on from.
///
///     copy ──▶ segment ──▶ segment ──▶ …          segment.json + pages + files/ ──▶ tar ──▶ zstd ──▶ age ──▶ FILE
///
/// Pages of the ledger that are others than before (SQLite's own pages, so that nothing has to know what is in them), files beside it that are new or others, and the
/// names of those that are gone. Each says what the ledger's pages are before it and after it; its slip names the file before it. So a segment that is missing,
/// changed, out of its order or of another copy is found before anything is put anywhere.
import Crypto
import Foundation
import LedgerStore

/// A ledger's pages, each by a digest. 16 octets a page: 4 MiB for a ledger of a gibibyte.
struct PageIndex: Equatable {
    struct Mark: Hashable { var high, low: UInt64 }
    private static let piece = 1 << 20

    let page: Int
    private(set) var marks: [Mark]

    init(of file: URL) throws {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        guard let head = try handle.read(upToCount: 100), head.count == 100, head.starts(with: Data("SQLite format 3\0".utf8)) else {
            throw TownFile.Failure.notWhole("\(file.lastPathComponent) は記録ではありません (no ledger)")
        }
        // Octets 16 and 17 (sqlite.org/fileformat2.html §1.3.2): 1 is 65,536.
        let written = Int(head[16]) << 8 | Int(head[17])
        page = written == 1 ? 65_536 : written
        guard page >= 512, page & (page - 1) == 0 else { throw TownFile.Failure.notWhole("\(file.lastPathComponent): 頁の大きさが違います (page size)") }
        try handle.seek(toOffset: 0)
        marks = []
        while let octets = try handle.read(upToCount: Self.piece), !octets.isEmpty {
            guard octets.count % page == 0 else { throw TownFile.Failure.notWhole("\(file.lastPathComponent): 途中で切れています (cut short)") }
            for start in stride(from: 0, to: octets.count, by: page) { marks.append(Self.mark(octets.dropFirst(start).prefix(page))) }
        }
    }

    static func mark(_ page: some DataProtocol) -> Mark {
        SHA256.hash(data: page).withUnsafeBytes { Mark(high: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self), low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
    }

    /// Of all pages in their order.
    var root: String {
        var hash = SHA256()
        marks.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Numbers, from 0, of the pages that are others in `new`.
    func changes(to new: PageIndex) -> [Int] { new.marks.indices.filter { $0 >= marks.count || marks[$0] != new.marks[$0] } }

    mutating func put(_ mark: Mark, at number: Int) { marks[number] = mark }
    mutating func resize(to count: Int) {
        marks = count < marks.count ? Array(marks.prefix(count)) : marks + Array(repeating: Mark(high: 0, low: 0), count: count - marks.count)
    }
}

struct CopySegment: Codable {
    var form = 1
    var made: Date
    var before, after: String
    /// Octets of a page, how many there are afterwards, and the numbers of those that are in `pages`, in their order.
    var page, count: Int
    var pages: [Int]
    var files: [SealedCopy.Part]
    var gone: [String]

    static let aboutName = "segment.json", pagesName = "pages", filesName = "files"
    /// Pages of a segment at most, a gibibyte: beyond that a whole copy is hardly longer.
    static let most = 1 << 18

    // MARK: Out

    /// What is known of a record as it was last written down.
    struct Known {
        struct Beside: Equatable {
            var changed: Date?
            var octets: Int
            var sha256: String
        }
        var index: PageIndex
        var besides: [String: Beside]

        /// As a copy has it whose folder this is.
        init(_ index: PageIndex, _ about: SealedCopy.About, data: URL) {
            self.index = index
            // When a file was changed is asked once it has been seen again: what was swapped since is looked at.
            besides = Dictionary(uniqueKeysWithValues: about.files.filter { $0.path != SealedCopy.ledgerName }.map { ($0.path, Beside(changed: nil, octets: $0.octets, sha256: $0.sha256)) })
        }
    }

    enum Made {
        /// Nothing has changed, and nothing was written.
        case same
        /// A whole copy is shorter.
        case tooMuch
        case made(Known)
    }

    static func make(of data: URL, after known: Known, into file: URL, seal: SealedCopy.Seal, now: Date) async throws -> Made {
        let stage = try Stage(in: data), new = URL(filePath: file.path + ".new-\(getpid())")
        defer {
            stage.clear()
            try? FileManager.default.removeItem(at: new)
        }
        let ledger = stage.place.appending(path: SealedCopy.ledgerName)
        try LedgerCopy.take(from: data.appending(path: SealedCopy.ledgerName).path, to: ledger.path)
        var next = known
        next.index = try PageIndex(of: ledger)
        let pages = known.index.changes(to: next.index)
        let (files, gone) = try besides(in: data, &next, to: stage.place.appending(path: filesName))
        // The first page has a counter that each copying moves.
        guard pages.contains(where: { $0 > 0 }) || next.index.marks.count != known.index.marks.count || !files.isEmpty || !gone.isEmpty else { return .same }
        guard pages.count <= Self.most else { return .tooMuch }
        let segment = CopySegment(
            made: now, before: known.index.root, after: next.index.root, page: next.index.page, count: next.index.marks.count, pages: pages, files: files, gone: gone)
        try write(pages, of: ledger, next.index.page, to: stage.place.appending(path: pagesName))
        try FileManager.default.removeItem(at: ledger)
        try SealedCopy.encoder.encode(segment).write(to: stage.place.appending(path: aboutName))
        try await SealedCopy.pack(stage.place, seal, to: new)
        guard rename(new.path, file.path) == 0 else { throw TownFile.Failure.disk("\(file.path): \(String(cString: strerror(errno)))") }
        return .made(next)
    }

    private static func write(_ pages: [Int], of ledger: URL, _ page: Int, to file: URL) throws {
        let source = try FileHandle(forReadingFrom: ledger)
        defer { try? source.close() }
        guard FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600]) else { throw TownFile.Failure.disk("\(file.path): 書けません (cannot be written)") }
        let target = try FileHandle(forWritingTo: file)
        defer { try? target.close() }
        for number in pages {
            try source.seek(toOffset: UInt64(number) * UInt64(page))
            guard let octets = try source.read(upToCount: page), octets.count == page else { throw TownFile.Failure.disk("\(ledger.path): 読めません (cannot be read)") }
            try target.write(contentsOf: octets)
        }
    }

    /// Copies what is new or another beside the ledger. What has the same time and size as when it was last read is not read again.
    private static func besides(in data: URL, _ known: inout Known, to folder: URL) throws -> (files: [SealedCopy.Part], gone: [String]) {
        var files: [SealedCopy.Part] = []
        let names = try SealedCopy.besides(in: data)
        for name in names {
            let facts = try? FileManager.default.attributesOfItem(atPath: data.appending(path: name).path)
            let (changed, octets) = (facts?[.modificationDate] as? Date, facts?[.size] as? Int ?? -1)
            if let old = known.besides[name], let last = old.changed, last == changed, old.octets == octets { continue }
            guard try SealedCopy.take(name, from: data, to: folder) else { continue }
            let (count, digest) = try SealedCopy.digest(folder.appending(path: name)), isSame = known.besides[name]?.sha256 == digest
            known.besides[name] = Known.Beside(changed: changed, octets: octets, sha256: digest)
            if isSame { try FileManager.default.removeItem(at: folder.appending(path: name)) } else { files.append(.init(path: name, octets: count, sha256: digest)) }
        }
        let gone = Set(known.besides.keys).subtracting(names).sorted()
        for name in gone { known.besides[name] = nil }
        return (files, gone)
    }

    // MARK: Back

    /// Puts a segment, opened in `folder`, on top of an opened copy. `index` is of the copy's ledger, and goes along.
    static func apply(_ folder: URL, to stage: URL, _ index: inout PageIndex) throws -> CopySegment {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let octets = try? Data(contentsOf: folder.appending(path: aboutName)), let segment = try? decoder.decode(CopySegment.self, from: octets), segment.form == 1,
            segment.page == index.page, (1...Int(UInt32.max)).contains(segment.count), segment.pages.allSatisfy({ (0..<segment.count).contains($0) }), Set(segment.pages).count == segment.pages.count
        else { throw TownFile.Failure.notWhole("\(aboutName) がないか、読めません (missing or unreadable)") }
        guard segment.before == index.root else { throw TownFile.Failure.notWhole("この差分は、この写しの続きではありません (the segment goes on from another state)") }
        try segment.put(folder, to: stage.appending(path: SealedCopy.ledgerName), &index)
        guard segment.after == index.root else { throw TownFile.Failure.notWhole("差分の頁が、書かれたときと違います (its pages are not as they were written)") }
        for part in segment.files {
            let source = folder.appending(path: filesName).appending(path: part.path), place = stage.appending(path: part.path)
            guard isInside(part.path), let found = try? SealedCopy.digest(source), found.octets == part.octets, found.digest == part.sha256 else {
                throw TownFile.Failure.notWhole("\(part.path) が、書かれたときと違います (is not as it was written)")
            }
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? FileManager.default.removeItem(at: place)
            try FileManager.default.moveItem(at: source, to: place)
        }
        for name in segment.gone where isInside(name) { try? FileManager.default.removeItem(at: stage.appending(path: name)) }
        return segment
    }

    private func put(_ folder: URL, to ledger: URL, _ index: inout PageIndex) throws {
        let source = try FileHandle(forReadingFrom: folder.appending(path: Self.pagesName)), target = try FileHandle(forUpdating: ledger)
        defer {
            try? source.close()
            try? target.close()
        }
        index.resize(to: count)
        for number in pages {
            guard let octets = try source.read(upToCount: page), octets.count == page else { throw TownFile.Failure.notWhole("差分の頁が足りません (pages are missing)") }
            try target.seek(toOffset: UInt64(number) * UInt64(page))
            try target.write(contentsOf: octets)
            index.put(PageIndex.mark(octets), at: number)
        }
        try target.truncate(atOffset: UInt64(count) * UInt64(page))
    }

    /// A way that stays below its folder.
    private static func isInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.isEmpty && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}
