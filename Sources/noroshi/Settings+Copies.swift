import AlertModel
import Bundles
import ChannelKit
import Codes
import Foundation
import Hub

/// `copies:`: how the hub proves by itself that a copy of its record opens, and whose copies it holds.
extension Settings {
    struct CopySettings: Codable, Sendable {
        struct Partner: Codable, Sendable {
            var town: String
            /// `ed25519:BASE64`, as `noroshi bundle list` of the other hub says it.
            var key: String
            /// For towns in no table.
            var name: String?
        }

        /// `monthly`, `weekly`, `daily`, `off`.
        var drill: String?
        /// Whose sealed copies are held here (`noroshi backup --push URL`).
        var partners: [Partner]?
        /// MiB of one copy, and of all copies of one town: 2048 and 8192 unless said.
        var largest_mib: Int?
        var total_mib: Int?
        /// Of so many days the last copy stays; 7 unless said.
        var keep_days: Int?
        /// MiB of the disk that are left for the hub's own record; 1024 unless said.
        var room_mib: Int?
    }

    /// `copies: {drill: monthly}`: how often the hub proves by itself that a copy of its record opens. Off unless said.
    func copyDrill() throws(SettingsError) -> TimeInterval? {
        switch copies?.drill {
        case nil, "off": return nil
        case "daily": return 86_400
        case "weekly": return 7 * 86_400
        case "monthly": return 30 * 86_400
        case let word?: throw SettingsError("copies.drill: 「\(word)」は monthly、weekly、daily、off のどれでもありません (monthly, weekly, daily or off)")
        }
    }

    /// Nil: no town's copies are held here.
    func heldCopies(in data: URL, codes: CodeTables, clock: @escaping @Sendable () -> Date) throws(SettingsError) -> HeldCopies? {
        let partners = try partners(codes), bounds = try copyBounds()
        guard !partners.isEmpty else { return nil }
        return HeldCopies(partners, in: data, bounds: bounds, clock: clock) { head in
            let head = Data(head)
            return head.starts(with: SealedCopy.sealMark) || CopyPairs.isMark(head)
        }
    }

    func checkHeldCopies(_ codes: CodeTables) throws(SettingsError) { _ = (try partners(codes), try copyBounds()) }

    private func partners(_ codes: CodeTables) throws(SettingsError) -> [HeldCopies.Partner] {
        var partners: [HeldCopies.Partner] = []
        for written in copies?.partners ?? [] {
            guard let town = TownID(written.town) else { throw SettingsError("copies.partners: 「\(written.town)」は市町村コードではありません (town: no local government code)") }
            guard let key = PaperKey(written.key) else {
                throw SettingsError("copies.partners: 「\(written.key.prefix(80))」はハブの鍵ではありません。ed25519: で始まります。相手の noroshi bundle list が表示します (key: no key)")
            }
            guard let name = written.name ?? codes.town(town)?.name else { throw SettingsError("copies.partners: \(town): 市町村の表にありません。name を書いてください (in no table of ours: name)") }
            // A key is one town's: whose a copy is, its signature alone says.
            if let other = partners.first(where: { $0.keys.contains(key) }) {
                throw SettingsError("copies.partners: \(other.town) と \(town) の鍵が同じです。一つの鍵は一つの町のものです (the same key twice: a key is one town's)")
            }
            if let place = partners.firstIndex(where: { $0.town == town }) { partners[place].keys.insert(key) } else { partners.append(.init(town: town, name: name, keys: [key])) }
        }
        return partners
    }

    private func copyBounds() throws(SettingsError) -> HeldCopies.Bounds {
        var bounds = HeldCopies.Bounds()
        func octets(_ name: String, _ written: Int?, _ known: Int, from: Int = 1) throws(SettingsError) -> Int {
            guard let written else { return known }
            guard (from...(1 << 30)).contains(written) else { throw SettingsError("copies.\(name): 「\(written)」は使えません。MiB で \(from) 以上の数です (MiB, at least \(from))") }
            return written << 20
        }
        bounds.largest = try octets("largest_mib", copies?.largest_mib, bounds.largest)
        bounds.total = try octets("total_mib", copies?.total_mib, max(bounds.total, bounds.largest))
        bounds.room = try octets("room_mib", copies?.room_mib, bounds.room, from: 16)
        if let days = copies?.keep_days {
            guard (1...3660).contains(days) else { throw SettingsError("copies.keep_days: 「\(days)」は 1 から 3660 の数ではありません (1 to 3660)") }
            bounds.days = days
        }
        guard bounds.largest <= bounds.total else { throw SettingsError("copies: largest_mib が total_mib を超えています (largest_mib is more than total_mib)") }
        return bounds
    }
}
