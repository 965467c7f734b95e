/// The folder a console takes announcements from: each a `.wav` and a `.txt` with its words, there whole or not at all.
import AlertModel
import ChannelKit
import FoundationEssentials
import Glibc

struct Spool {
    let folder: URL
    let hours: Int
    /// Announcements that may lie there: a console that takes none is not to fill the disk (three minutes are 17 MB).
    static let room = 50

    private static let mark = ".noroshi"

    /// Both files are written beside and renamed, the sound last: who sees it finds its words.
    func put(_ name: String, _ wav: [UInt8], _ words: String, event: String, now: Date) throws(DeliveryFailure) {
        age(now: now)
        // What is said now takes the place of what nobody has taken yet.
        remove { $0.contains("-\(event)-") && !$0.hasPrefix(name + ".") }
        do {
            for (suffix, octets) in [(".txt", Data(words.utf8)), (".wav", Data(wav))] {
                let (hidden, open) = (folder.appending(component: "." + name + suffix + Self.mark), folder.appending(component: name + suffix))
                try octets.write(to: hidden)
                guard rename(hidden.path, open.path) == 0 else {
                    let words = String(cString: strerror(errno))
                    unlink(hidden.path)
                    throw DeliveryFailure.unavailable("\(open.path) に置けません: \(words) (not renamed)")
                }
            }
        } catch let failure as DeliveryFailure {
            throw failure
        } catch {
            throw .unavailable("\(folder.path) に書けません: \(error) (cannot be written)")
        }
    }

    /// Too old to be played, or more than there is room for: the oldest go.
    private func age(now: Date) {
        let names = ours().sorted()
        let oldest = now.addingTimeInterval(-Double(hours) * 3600)
        let late = Self.stamp(oldest)
        let waves = names.filter { $0.hasSuffix(".wav") }
        // Not less than none, and no more than there are.
        let surplus = Set(waves.prefix(max(0, waves.count - Self.room + 1)).map { String($0.dropLast(4)) })
        remove { $0 < late || surplus.contains(String($0.dropLast(4))) }
    }

    func remove(_ isGone: (String) -> Bool) {
        for name in ours() where isGone(name) { unlink(folder.appending(component: name).path) }
    }

    /// `20260401T090001-honban-…`: what others put there is theirs.
    private func ours() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.wholeMatch(of: /\d{8}T\d{6}-(?:honban|kunren)-.+\.(?:wav|txt)/) != nil }
    }

    /// `20260401T090001`.
    static func stamp(_ date: Date) -> String { JapanTime.text(date, milliseconds: false).prefix(19).filter { $0 != "-" && $0 != ":" } }

    /// Letters and digits of a file's name.
    static func plain(_ text: String) -> String {
        String(text.prefix(80).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
