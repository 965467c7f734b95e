internal import ChannelKit

/// Which files were fetched: each exactly once, over restarts too, for a sender that blocks who asks too often.
///
/// Bounded by count. What falls out raises the floor: nothing as old as that is fetched again. Kept in the notebook in
/// pages, so that one more file rewrites one page and not the whole:
///
///     feed/fetched/00000007  "1704093162 https://…_VXSE51_010000.xml\n1704093163 https://…"
///     feed/floor            "1704090000"
struct FetchMemory {
    /// A day of JMA has some thousands of files, and a day is what the catch-up reaches back.
    static let bound = 40_000
    private let notebook: any Notebook
    private let bound: Int
    private let pageSize: Int
    /// Oldest first; the last one is being filled.
    private var pages: [(number: Int, lines: [(url: String, updated: Double)])] = []
    private var known: Set<String> = []
    /// Files announced at this moment or before are held for fetched.
    private(set) var floor: Double

    init(_ notebook: any Notebook, bound: Int = FetchMemory.bound, pageSize: Int = 250) {
        self.notebook = notebook
        self.bound = bound
        self.pageSize = pageSize
        floor = notebook.read(Self.floorKey).flatMap { Double(String(decoding: $0, as: UTF8.self)) } ?? -.infinity
        for key in notebook.keys(prefix: Self.prefix) {
            guard let number = Int(key.dropFirst(Self.prefix.count)), let octets = notebook.read(key) else { continue }
            let lines = octets.split(separator: 0x0A).compactMap { Self.line($0) }
            pages.append((number, lines))
            known.formUnion(lines.map(\.url))
        }
        pages.sort { $0.number < $1.number }
    }

    var count: Int { known.count }

    func holds(_ entry: FeedEntry) -> Bool { entry.updated <= floor || known.contains(entry.url) }

    mutating func remember(_ entry: FeedEntry) {
        guard known.insert(entry.url).inserted else { return }
        if pages.isEmpty || (pages.last?.lines.count ?? 0) >= pageSize {
            pages.append(((pages.last?.number ?? 0) + 1, []))
        }
        pages[pages.count - 1].lines.append((entry.url, entry.updated))
        save(pages[pages.count - 1])
        if known.count > bound, pages.count > 1 { forgetOldestPage() }
    }

    private mutating func forgetOldestPage() {
        let page = pages.removeFirst()
        known.subtract(page.lines.map(\.url))
        floor = max(floor, page.lines.map(\.updated).max() ?? floor)
        // The floor first: between the two nothing is held for new that is not.
        notebook.write(Self.floorKey, Array("\(floor)".utf8))
        notebook.write(Self.key(page.number), nil)
    }

    private func save(_ page: (number: Int, lines: [(url: String, updated: Double)])) {
        let text = page.lines.map { "\($0.updated) \($0.url)" }.joined(separator: "\n")
        notebook.write(Self.key(page.number), Array(text.utf8))
    }

    private static let prefix = "feed/fetched/"
    private static let floorKey = "feed/floor"

    private static func key(_ number: Int) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    private static func line(_ octets: ArraySlice<UInt8>) -> (url: String, updated: Double)? {
        let parts = octets.split(separator: 0x20, maxSplits: 1)
        guard parts.count == 2, let updated = Double(String(decoding: parts[0], as: UTF8.self)) else { return nil }
        return (String(decoding: parts[1], as: UTF8.self), updated)
    }
}
