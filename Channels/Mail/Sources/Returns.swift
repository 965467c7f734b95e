import AlertModel
import ChannelKit
import FoundationEssentials

/// What comes back becomes a line under its delivery, and the answer to whether the list hears.
extension Mail {
    /// Reads what lies in the folder of returns. Nil where all is well; words where the folder cannot be read.
    func takeReturns(_ settings: MailSettings) -> String? {
        guard let folder = settings.bounces else { return nil }
        let now = setup.wallClock()
        let isThere = ReportBox(folder: folder).read { octets in
            guard let octets, let report = try? DeliveryReport(octets), let told = report.gravest else { return .aside }
            if let entry = report.arrivedAt.lazy.compactMap({ paths.entry($0) }).first { return take(told, of: entry, now) ? .done : .aside }
            return report.arrivedAt.contains(where: paths.isOthers) ? .left : .aside
        }
        return isThere ? nil : "戻ったメールのフォルダーが読めません: \(folder)/new (the folder of returned mail cannot be read)"
    }

    private func take(_ told: DeliveryReport.Recipient, of entry: ReturnPaths.Entry, _ now: Date) -> Bool {
        guard let town = TownID(entry.town) else { return false }
        setup.remark(DeliveryID(entry.delivery), town, Self.words(told, to: entry.to))
        switch told.action {
        case .failed: paths.note(.init(to: entry.to, status: told.status, at: now.timeIntervalSince1970), entry)
        case .delivered, .relayed, .expanded: paths.note(nil, entry)
        case .delayed: break
        }
        return true
    }

    /// Whose address it was is said only where it is the list's own: a server that names a reader names him to nobody here.
    private static func words(_ told: DeliveryReport.Recipient, to: String) -> String {
        let whom = told.address.lowercased() == to.lowercased() ? "\(to): " : ""
        let said = told.diagnostic.map { words in
            let plain = words.filter { !$0.isNewline }.replacing(/[^\s<>()\[\]]+@[^\s<>()\[\]]+/, with: "…")
            return "「\(plain.prefix(200))」"
        } ?? ""
        return whom + meaning(told) + " \(told.status)\(said)"
    }

    private static func meaning(_ told: DeliveryReport.Recipient) -> String {
        switch told.action {
        case .failed: failure(told.status) + "（メールが戻りました）"
        case .delayed: "まだ届けられていません。サーバーが送り直しています (delayed; the server tries again)"
        case .delivered: "受信箱に届きました (delivered)"
        case .relayed: "次のサーバーに渡りました。そこから先の知らせはありません (relayed)"
        case .expanded: "名簿の宛先に広げられました (expanded)"
        }
    }

    /// RFC 3463: 5.1.z is the address, 5.2.z the mailbox, 5.3.z the system, 5.4.z the way, 5.7.z what is not allowed.
    static func failure(_ status: String) -> String {
        switch status {
        case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10": "宛先が存在しません (the address does not exist)"
        case "5.2.1": "宛先は使われていません (the mailbox is not in use)"
        case "5.2.2", "4.2.2": "宛先の受信箱がいっぱいです (the mailbox is full)"
        case let code where code.hasPrefix("5.7."): "相手のサーバーが受け取りを断りました (refused by policy)"
        default: "届けられませんでした (not delivered)"
        }
    }

    /// What the link test says of an address from which letters came back.
    func verdict(on farEnd: FarEnd<M>, _ settings: MailSettings) -> String? {
        guard settings.bounces != nil, let verdict = paths.verdict(farEnd.town, farEnd.id, settings.to, now: setup.wallClock()) else { return nil }
        let date = JapanTime.text(Date(timeIntervalSince1970: verdict.at), milliseconds: false)
        return "\(settings.to): \(Self.failure(verdict.status)) \(verdict.status)、\(date)にメールが戻りました (a letter came back)"
    }
}
