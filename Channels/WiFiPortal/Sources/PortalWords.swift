import AlertModel
import FoundationEssentials

/// The page's own words in each of its languages. What to do comes from the reviewed templates, never from here.
struct PortalWords: Sendable {
    static let languages: [Language] = [.japanese, .easyJapanese, .english]

    static func of(_ language: Language) -> PortalWords {
        switch language {
        case .easyJapanese: easy
        case .english: english
        default: japanese
        }
    }

    /// The name of the language in itself, for the link to its page.
    let own: String
    let page, inForce, nothing, nothingMore: String
    let asOf: @Sendable (String) -> String
    let issued: @Sendable (String) -> String
    let updated: @Sendable (String) -> String
    let until: @Sendable (String) -> String
    let from: @Sendable (String) -> String
    let level: @Sendable (Int) -> String
    let cancelled, cancelledMark, ended, endedMark, lifted: String
    let drill, drillNote: String
    let shelters: String
    let shelterState: @Sendable (ShelterNotice.State) -> String
    let allShelters: @Sendable (Int) -> String
    let back, address, carryOn, privacy, shortened, otherLanguage: String
    let reload, others, takenBack: String
    let also: @Sendable (String) -> String
    let notFit, inPart, notKnown: @Sendable (String) -> String
    let cutOff: @Sendable (String) -> String
    let kind: @Sendable (AlertKind) -> String
}

extension PortalWords {
    /// One of the eight words of an order's hazard, in the page's language.
    func hazard(_ word: String) -> String {
        guard own == Self.english.own else { return word }
        return ["洪水": "flooding", "土砂災害": "landslides", "高潮": "storm surge", "地震": "earthquake", "津波": "tsunami", "大規模な火事": "large fire",
                "内水氾濫": "flooding from drains and canals", "火山現象": "volcanic activity"][word] ?? word
    }

    static let japanese = PortalWords(
        own: "日本語", page: "防災情報", inForce: "いま出ている情報", nothing: "いま出ている情報はありません",
        nothingMore: "情報が出ると、このページに表示されます。",
        asOf: { "\($0)現在" }, issued: { "\($0) 発表" }, updated: { "\($0) 更新" }, until: { "\($0)まで有効" },
        from: { "発表元: \($0)" }, level: { "警戒レベル\($0)" },
        cancelled: "取り消された情報", cancelledMark: "取り消されました", ended: "終わった情報",
        endedMark: "古い情報です。いまは出ていません", lifted: "解除",
        drill: "訓練", drillNote: "これは訓練です。実際の災害ではありません。",
        shelters: "避難所",
        shelterState: { state in
            switch state {
            case .open: "開設中"
            case .full: "満員"
            case .closed: "閉鎖"
            }
        },
        allShelters: { "避難所をすべて見る（\($0)か所）" },
        back: "最初のページに戻る", address: "このページのアドレス", carryOn: "インターネットを使う",
        privacy: "このWi-Fiは暗号化されていません。このページで名前や暗証番号を入力することはありません。",
        shortened: "情報が多いため、詳しい内容を省いています。", otherLanguage: "",
        reload: "最新の情報を見る", others: "ほかに出ている情報", takenBack: "取り消し",
        also: { "同じ内容が出ている地区: \($0)" },
        notFit: { "\($0)のときは使えません" }, inPart: { "\($0)のときは一部だけ使えます" }, notKnown: { "\($0)のときに使えるかは未確認です" },
        cutOff: { "役所との通信が切れています。\($0)より後の情報は届いていません。テレビ、ラジオ、防災行政無線も確認してください。" },
        kind: { kind in
            switch kind {
            case .eew: "緊急地震速報"
            case .earthquake: "地震情報"
            case .tsunami: "津波"
            case .weather: "気象警報・注意報"
            case .landslide: "土砂災害"
            case .flood: "洪水"
            case .volcano: "火山"
            case .ashfall: "降灰"
            case .typhoon: "台風"
            case .tornado: "竜巻"
            case .heavyRainRecord: "記録的な大雨"
            case .nankai: "巨大地震に関する情報"
            case .missile: "ミサイルなど"
            case .notice: "お知らせ"
            case .evacuation: "避難情報"
            case .shelter: "避難所"
            case .headquarters: "災害対策本部"
            case .other: "情報"
            }
        })

    static let easy = PortalWords(
        own: "やさしい日本語", page: "災害（さいがい）の お知らせ", inForce: "いまの お知らせ",
        nothing: "いま お知らせは ありません", nothingMore: "お知らせが あったら、この ページに 出ます。",
        asOf: { "\($0)の お知らせです" }, issued: { "\($0)に 出ました" }, updated: { "\($0)に 新しく しました" },
        until: { "\($0)まで" }, from: { "知らせた ところ: \($0)" }, level: { "警戒（けいかい）レベル\($0)" },
        cancelled: "まちがいだった お知らせ", cancelledMark: "取り消しました（この お知らせは なくなりました）",
        ended: "終わった お知らせ", endedMark: "古い お知らせです。今は 出て いません", lifted: "終わりました",
        drill: "訓練（くんれん）", drillNote: "これは 訓練です。本当の 災害では ありません。",
        shelters: "避難所（にげる ところ）",
        shelterState: { state in
            switch state {
            case .open: "入れます"
            case .full: "いっぱいです"
            case .closed: "しまって います"
            }
        },
        allShelters: { "避難所を 全部 見る（\($0)）" },
        back: "最初の ページ", address: "この ページの アドレス", carryOn: "インターネットを 使う",
        privacy: "この Wi-Fiは 暗号（あんごう）で 守られて いません。この ページに 名前や パスワードを 書かないで ください。",
        shortened: "お知らせが 多いので、短く しました。", otherLanguage: "",
        reload: "新しい お知らせを 見る", others: "ほかの お知らせ", takenBack: "まちがいでした",
        also: { "ここも 同じです: \($0)" },
        notFit: { "\($0)の ときは 使えません" }, inPart: { "\($0)の ときは 使える 場所が 決まって います" }, notKnown: { "\($0)の とき 使えるか わかりません" },
        cutOff: { "役所と つながって いません。\($0)より 新しい お知らせは ありません。テレビや ラジオも 見て、聞いて ください。" },
        kind: { kind in
            switch kind {
            case .eew, .earthquake: "地震（じしん）"
            case .tsunami: "津波（つなみ）"
            case .weather: "天気（てんき）"
            case .landslide: "山や がけの お知らせ"
            case .flood: "川の お知らせ"
            case .volcano: "火山（かざん）"
            case .ashfall: "火山の 灰（はい）"
            case .typhoon: "台風（たいふう）"
            case .tornado: "竜巻（たつまき）"
            case .heavyRainRecord: "とても 強い 雨"
            case .nankai: "とても 大きい 地震の お知らせ"
            case .missile: "ミサイルなどの お知らせ"
            case .notice, .other: "お知らせ"
            case .evacuation: "避難（ひなん）の お知らせ"
            case .shelter: "避難所（にげる ところ）"
            case .headquarters: "役所の 災害対策本部"
            }
        })

    static let english = PortalWords(
        own: "English", page: "Emergency information", inForce: "In force now", nothing: "No alerts are in force now",
        nothingMore: "Alerts will appear on this page.",
        asOf: { "As of \($0)" }, issued: { "Issued \($0)" }, updated: { "updated \($0)" },
        until: { "valid until \($0)" }, from: { "From: \($0)" }, level: { "Alert Level \($0)" },
        cancelled: "Cancelled", cancelledMark: "Cancelled: it was sent by mistake", ended: "No longer in force",
        endedMark: "Old information, no longer in force", lifted: "Lifted",
        drill: "Drill", drillNote: "This is a drill, not a real emergency.",
        shelters: "Evacuation shelters",
        shelterState: { state in
            switch state {
            case .open: "Open"
            case .full: "Full"
            case .closed: "Closed"
            }
        },
        allShelters: { "All \($0) shelters" },
        back: "Back to the first page", address: "Address of this page", carryOn: "Use the internet",
        privacy: "This Wi-Fi is not encrypted. This page never asks for your name or a password.",
        shortened: "There is a lot of information, so details are left out.",
        otherLanguage: "Only available in Japanese:",
        reload: "See the latest information", others: "Also in force", takenBack: "Cancelled",
        also: { "The same is in force for: \($0)" },
        notFit: { "not to be used in case of: \($0)" }, inPart: { "partly usable in case of: \($0)" }, notKnown: { "not confirmed for: \($0)" },
        cutOff: { "The connection to the local government is lost. Nothing newer than \($0) has arrived. Check television and radio too." },
        kind: { kind in
            switch kind {
            case .eew: "Earthquake Early Warning"
            case .earthquake: "Earthquake"
            case .tsunami: "Tsunami"
            case .weather: "Weather warning or advisory"
            case .landslide: "Landslide"
            case .flood: "Flood"
            case .volcano: "Volcano"
            case .ashfall: "Ashfall"
            case .typhoon: "Typhoon"
            case .tornado: "Tornado"
            case .heavyRainRecord: "Record rainfall"
            case .nankai: "Great earthquake information"
            case .missile: "Missile or attack"
            case .notice: "Notice"
            case .evacuation: "Evacuation"
            case .shelter: "Shelter"
            case .headquarters: "Disaster headquarters"
            case .other: "Information"
            }
        })
}

/// Wall time as people in Japan read it: there is one zone and no summer time (明治28年勅令第167号).
struct JapanTime {
    let year, month, day, hour, minute: Int

    init(_ date: Date) {
        // Our own clock and dates of four-digit years.
        let seconds = Int(date.timeIntervalSince1970.rounded(.down)) + 9 * 3600
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        hour = rest / 3600
        minute = rest / 60 % 60
        // Days to civil date, Howard Hinnant's algorithm: eras of 400 years that begin on 1 March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    var clock: String { "\(Self.two(hour)):\(Self.two(minute))" }
    /// For `datetime` attributes and the manifest: RFC 3339.
    var stamp: String { "\(year)-\(Self.two(month))-\(Self.two(day))T\(clock):00+09:00" }

    /// The time of day alone where it was today, else with the date before it.
    func words(_ language: Language, today: JapanTime) -> String {
        if (year, month, day) == (today.year, today.month, today.day) { return clock }
        return date(language) + " " + clock
    }

    func date(_ language: Language) -> String {
        guard language == .english else { return "\(month)月\(day)日" }
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(day) \(names[month - 1])"
    }
}
