import AlertModel
import ChannelKitTesting
import Foundation
import Testing

@testable import Codes

@Suite("Vocabularies that change while the hub runs")
struct VocabularyTests {
    /// 2026-06-01T00:00:00+09:00 and a year later.
    private let june = Date(timeIntervalSince1970: 1_780_239_600)
    private let later = Date(timeIntervalSince1970: 1_811_775_600)
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "noroshi-vocabulary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// As an editor that saves under another name and moves, so that every change is another file.
    private func write(_ text: String, _ name: String = "a.tsv") throws {
        let draft = folder.appending(path: ".draft")
        try Data(text.utf8).write(to: draft)
        _ = rename(draft.path, folder.appending(path: name).path)
    }
    private func row(_ name: String, from day: String = "") -> String {
        "@table weather\n03\t\(name)\(day.isEmpty ? "" : "\t" + day)\n"
    }
    private func name(_ vocabulary: Vocabulary, at date: Date) -> String? {
        vocabulary.tables.kindName(.weather, "03", at: date)
    }

    @Test("A name that is to change on a day changes on that day, from a file laid in while the hub runs")
    func dated() throws {
        let vocabulary = Vocabulary(paths: [folder.path])
        #expect(vocabulary.look() == .init())
        #expect(name(vocabulary, at: later) == "レベル３大雨警報")
        try write(row("新しい大雨警報", from: "2027-06-01"))
        #expect(vocabulary.look().isChanged)
        #expect(name(vocabulary, at: june) == "レベル３大雨警報")
        #expect(name(vocabulary, at: later) == "新しい大雨警報")
        #expect(name(vocabulary, at: later.addingTimeInterval(-1)) == "レベル３大雨警報", "the second before")
        #expect(vocabulary.look() == .init(), "the same file is not news again")
    }

    @Test("A bad file changes nothing and is said as long as it is bad", arguments: [
        "@table weather\n03", "", "03\tname", "@table weather\n03\tname\t2026-02-40", "\u{FF}@@",
    ])
    func bad(text: String) throws {
        let vocabulary = Vocabulary(paths: [folder.path])
        try write(row("一つ目"))
        #expect(vocabulary.look().isChanged)
        try write(text)
        for _ in 0..<2 {
            let news = vocabulary.look()
            #expect(!news.isChanged)
            #expect(news.flaws.map(\.file) == [folder.appending(path: "a.tsv").path])
            #expect(name(vocabulary, at: june) == "一つ目")
        }
        try write(row("二つ目"))
        #expect(vocabulary.look() == .init(isChanged: true))
        #expect(name(vocabulary, at: june) == "二つ目")
    }

    @Test("One bad file does not hold up the others, and keeps what it said itself")
    func besides() throws {
        let vocabulary = Vocabulary(paths: [folder.path])
        try write(row("一つ目"))
        try write("@table tornado\n9\tたつまき\n", "b.tsv")
        _ = vocabulary.look()
        try write("broken")
        try write("@table tornado\n9\tたつまき注意\n", "b.tsv")
        let news = vocabulary.look()
        #expect(news.isChanged && news.flaws.count == 1)
        #expect(name(vocabulary, at: june) == "一つ目")
        #expect(vocabulary.tables.kindName(.tornado, "9", at: june) == "たつまき注意")
    }

    @Test("Files count in the order of their names, and what is taken away is gone")
    func order() throws {
        let vocabulary = Vocabulary(paths: [folder.path])
        try write(row("後"), "20.tsv")
        try write(row("先"), "10.tsv")
        try write(row("別"), "30.txt")
        _ = vocabulary.look()
        #expect(name(vocabulary, at: june) == "後")
        try FileManager.default.removeItem(at: folder.appending(path: "20.tsv"))
        #expect(vocabulary.look().isChanged)
        #expect(name(vocabulary, at: june) == "先")
    }

    @Test("Tables with which the towns could not be made are not taken")
    func refused() throws {
        struct Impossible: Error {}
        let vocabulary = Vocabulary(paths: [folder.path])
        try write(row("一つ目"))
        _ = vocabulary.look()
        try write(row("二つ目"))
        let news = vocabulary.look { _ in throw Impossible() }
        #expect(!news.isChanged && news.flaws.count == 1)
        #expect(name(vocabulary, at: june) == "一つ目")
        #expect(!vocabulary.look().isChanged, "it is not tried again until it changes")
    }

    @Test("A path that is not there, and a file beyond four megabytes, are said")
    func missing() throws {
        let nowhere = Vocabulary(paths: ["/nowhere/codes.tsv"])
        #expect(nowhere.look().flaws.first?.reason == "ありません (is not there)")
        let vocabulary = Vocabulary(paths: [folder.path])
        try write(String(repeating: "#\n", count: 3 << 20))
        #expect(vocabulary.look().flaws.count == 1)
    }

    @Test("It is looked at every ten seconds, and at once when somebody asks", .timeLimit(.minutes(1)))
    func watch() async throws {
        let clock = HandClock()
        let looks = Tally()
        let (calls, wish) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await VocabularyWatch { looks.add() }.run(clock: clock, calls: calls) }
            await clock.sleeps(1)
            clock.advance(by: .seconds(9))
            #expect(clock.sleeperCount == 1 && looks.count == 0)
            clock.advance(by: .seconds(1))
            await looks.reaches(1)
            wish.yield()
            await looks.reaches(2)
            await clock.sleeps(2)
            clock.advance(by: VocabularyWatch.interval)
            await looks.reaches(3)
            group.cancelAll()
        }
    }
}
