/// From the form to an alert of the town: what each field must be, in this town and on this day.
package import AlertModel
package import FoundationEssentials

extension OperatorAlert {
    /// 災害対策基本法施行令 and the register of 指定緊急避難場所 know these eight.
    package static let hazards = ["洪水", "土砂災害", "高潮", "地震", "津波", "大規模な火事", "内水氾濫", "火山現象"]

    /// The alert, real or drill as the operator said. `id` also names a new event.
    ///
    /// Throws everything that is wrong at once.
    package func alert(in town: Town, id: AlertID, now: Date) throws(OperatorProblems) -> SortedAlert {
        var check = OperatorCheck(alert: self, town: town, now: now)
        let detail = check.detail()
        let mode = check.mode()
        let expires = check.expiry()
        check.checkTown()
        check.checkTest()
        let event = check.event(id: id, mode: mode)
        guard check.problems.problems.isEmpty, let detail, let mode, let kind = AlertKind(rawValue: kind) else {
            throw check.problems
        }
        let content = AlertContent(
            id: id, event: event, kind: kind, message: self.event == nil ? .alert : .update,
            revision: Revision(series: "operator", serial: nil, sent: now), type: "operator",
            title: Self.title(of: detail), headline: Self.headline(of: detail), sender: town.name, sent: now,
            reported: now, expires: expires,
            areas: [AreaStatement(scheme: .localGovernment, code: town.id.code, name: town.name)], detail: detail,
            town: town.id)
        return mode == .actual ? .actual(Alert(content)) : .exercise(Alert(content))
    }

    private static func title(of detail: Detail) -> String {
        switch detail {
        case .evacuation(let order):
            return order.isLifted ? order.level.name + "の解除" : order.level.name
        case .shelter(let notice):
            return switch notice.state {
            case .open: "避難所開設"
            case .full: "避難所満員"
            case .closed: "避難所閉鎖"
            }
        case .headquarters(let seat): return seat.name + (seat.state == .open ? "の設置" : "の廃止")
        case .notice(let notice): return notice.title
        case .none: return ""
        }
    }

    private static func headline(of detail: Detail) -> String? {
        switch detail {
        case .evacuation(let order): order.reason
        case .shelter(let notice): notice.note
        case .headquarters(let seat): seat.note
        case .notice, .none: nil
        }
    }
}

extension AlertContent {
    /// The alert that takes this one back, wherever it went. Same serial, and after it.
    ///
    /// An hour at least, because an error must be taken back even where it has faded.
    package func cancelled(as id: AlertID, by sender: String, reason: String?, now: Date) -> AlertContent {
        var cancel = self
        cancel.id = id
        cancel.message = .cancel
        cancel.revision.sent = max(now, revision.sent)
        cancel.revision.isCancel = true
        cancel.sender = sender
        cancel.headline = reason
        cancel.sent = now
        cancel.reported = now
        cancel.expires = max(expires, now.addingTimeInterval(3_600))
        return cancel
    }
}

/// Gathers what is wrong, field by field.
private struct OperatorCheck {
    let alert: OperatorAlert
    let town: Town
    let now: Date
    var problems = OperatorProblems()

    /// Characters. Area mail has 500 for everything; a page and a tablet show more than anybody reads.
    private static let sentence = 200
    private static let prose = 2_000
    private static let name = 60
    /// Districts or shelters of one order. 横浜市 has some 460 shelters, no order names them all.
    private static let listed = 200

    mutating func mode() -> ModeName? {
        let mode = ModeName(rawValue: alert.mode)
        if mode == nil { problems.add("mode", "本番か訓練かを選んでください。決まった初期値はありません", "actual or exercise; it has no default") }
        return mode
    }

    mutating func checkTown() {
        if TownID(alert.town) != town.id { problems.add("town", "\(town.name)のコード\(town.id.code)ではありません", "is not \(town.id.code)") }
    }

    /// A test that is not marked a drill would be an alarm.
    mutating func checkTest() {
        guard alert.test == true, alert.kind != "notice" || alert.mode != ModeName.exercise.rawValue || alert.event != nil else { return }
        problems.add("test", "試験は、訓練のお知らせとしてだけ出せます", "a notice of a drill and nothing else")
    }

    mutating func detail() -> Detail? {
        switch alert.kind {
        case "evacuation":
            refuse(["shelter", "state", "note", "title", "body"], of: "避難情報", "an evacuation order")
            return evacuation().map(Detail.evacuation)
        case "shelter":
            refuse(["level", "hazard", "districts", "reason", "title", "body", "lifted"], of: "避難所の開設・閉鎖", "a shelter's state")
            return shelter().map(Detail.shelter)
        case "headquarters":
            refuse(
                ["level", "hazard", "districts", "reason", "shelters", "shelter", "body", "lifted"], of: "本部の設置・廃止", "a headquarters' state")
            return headquarters().map(Detail.headquarters)
        case "notice":
            refuse(["level", "hazard", "districts", "reason", "shelters", "shelter", "state", "note", "lifted"], of: "お知らせ", "a notice")
            return notice().map(Detail.notice)
        default:
            problems.add("kind", "種類は、避難情報・避難所・災害対策本部・お知らせのどれかです", "evacuation, shelter, headquarters or notice")
            return nil
        }
    }

    private mutating func evacuation() -> EvacuationOrder? {
        let isLifted = alert.lifted ?? false
        // A lift ends what stands, at whatever level it stands.
        let level = alert.level == nil && isLifted ? .order : alert.level.flatMap(EvacuationOrder.Level.init)
        if level == nil { problems.add("level", "警戒レベルを、3 高齢者等避難・4 避難指示・5 緊急安全確保から選んでください", "3, 4 or 5") }
        let hazard = alert.hazard ?? ""
        if !OperatorAlert.hazards.contains(hazard) {
            problems.add("hazard", "災害の種類を、\(OperatorAlert.hazards.joined(separator: "・"))から選んでください", "one of these")
        }
        // 避難情報に関するガイドライン, 津波: there is no early or late stage of it, everybody leaves at once.
        if hazard == "津波", let level, level != .order, !isLifted {
            problems.add("level", "津波には避難指示しかありません。4 にしてください", "a tsunami knows only 避難指示: 4")
        }
        let districts = isLifted && alert.districts == nil ? [] : districts()
        let reason = text("reason", alert.reason, limit: Self.sentence)
        if let reason, alert.mode == ModeName.actual.rawValue, Meaning.isMissing(in: reason) { problems.add("reason", Meaning.rule) }
        let shelters = alert.shelters ?? []
        if shelters.count > Self.listed { problems.add("shelters", "避難先が\(Self.listed)か所より多くあります", "more than \(Self.listed)") }
        for id in shelters.prefix(Self.listed) where !town.shelters.contains(where: { $0.id == id }) {
            problems.add("shelters", "「\(id.prefix(Self.name))」は、この市町村の避難所にありません", "not in the town's register")
        }
        for shelter in town.shelters where alert.lifted != true && shelters.contains(shelter.id) && shelter.fitness(for: hazard) == .unfit {
            let note = shelter.note.map { "（\($0.prefix(Self.name))）" } ?? ""
            problems.add("shelters", "\(shelter.name)は\(hazard)のときは使えません\(note)。避難先から外してください", "not fit for this hazard by the town's register")
        }
        return level.map {
            EvacuationOrder(
                level: $0, hazard: hazard, districts: districts, reason: reason, shelters: shelters,
                isLifted: isLifted)
        }
    }

    private mutating func districts() -> [String] {
        let districts = alert.districts ?? []
        if districts.isEmpty {
            problems.add("districts", "地区を一つ以上選んでください。全域は「\(EvacuationOrder.wholeTown[0])」などと書きます", "name at least one district")
        }
        if districts.count > Self.listed { problems.add("districts", "地区が\(Self.listed)より多くあります", "more than \(Self.listed)") }
        for district in districts.prefix(Self.listed) where !EvacuationOrder.wholeTown.contains(district) {
            if text("districts", district, limit: Self.name) == nil {
                if district.allSatisfy(\.isWhitespace) { problems.add("districts", "名前のない地区があります", "an empty name") }
            } else if !town.districts.isEmpty, !town.districts.contains(district) {
                problems.add("districts", "「\(district)」は\(town.name)の地区にありません", "no district of this town")
            }
        }
        return districts
    }

    private mutating func shelter() -> ShelterNotice? {
        let state = alert.state.flatMap(ShelterNotice.State.init)
        if state == nil { problems.add("state", "状態を、開設・満員・閉鎖から選んでください", "open, full or closed") }
        // One, or several in the same words.
        let field = alert.shelters == nil ? "shelter" : "shelters", ids = alert.shelters ?? alert.shelter.map { [$0] } ?? []
        if ids.isEmpty {
            problems.add(field, "避難所を選んでください", "required: an id of the town's register")
        } else if alert.shelters != nil, alert.shelter != nil {
            problems.add("shelter", "一か所（shelter）か、いくつか（shelters）のどちらかを書いてください", "either one or several")
        } else if ids.count > Self.listed || Set(ids).count < ids.count {
            problems.add(field, "避難所は、それぞれ一度、\(Self.listed)か所までです", "each once, at most \(Self.listed)")
        }
        let known = ids.prefix(Self.listed).compactMap { id in
            let found = town.shelters.first { $0.id == id }
            if found == nil { problems.add(field, "「\(id.prefix(Self.name))」は、この市町村の避難所にありません", "not in the town's register") }
            return found
        }
        let note = text("note", alert.note, limit: Self.sentence)
        guard let state else { return nil }
        return ShelterNotice(known.map { ShelterNotice(shelter: $0.id, name: $0.name, address: $0.address, state: state, note: note) })
    }

    private mutating func headquarters() -> Headquarters? {
        let state = alert.state.flatMap(Headquarters.State.init)
        if state == nil { problems.add("state", "状態を、設置・廃止から選んでください", "open or closed") }
        let name = alert.title == nil ? "災害対策本部" : text("title", alert.title, limit: Self.name)
        if let name, !name.contains("本部") { problems.add("title", "本部の名前を書いてください（災害対策本部、災害警戒本部など）", "the headquarters' name") }
        let note = text("note", alert.note, limit: Self.sentence)
        guard let state, let name else { return nil }
        return Headquarters(name: name, state: state, note: note)
    }

    private mutating func notice() -> Notice? {
        let title = text("title", alert.title, limit: Self.name)
        let body = text("body", alert.body, limit: Self.prose)
        if alert.title == nil { problems.add("title", "件名を書いてください", "required") }
        if alert.body == nil { problems.add("body", "本文を書いてください", "required") }
        guard let title, let body else { return nil }
        return Notice(title: title, body: body)
    }

    /// The default is what the kind is worth; a week is the most.
    mutating func expiry() -> Date {
        let kind = AlertKind(rawValue: alert.kind) ?? .notice
        guard let written = alert.expires else { return now.addingTimeInterval(Lifetime.seconds(ofOwn: kind)) }
        guard let moment = Timestamp(written) else {
            problems.add("expires", "期限は、時差の付いたRFC 3339の日時で書いてください", "no RFC 3339 time with offset")
            return now
        }
        let date = Normaliser.date(moment)
        if date < now.addingTimeInterval(60) { problems.add("expires", "期限まで1分もありません", "not a minute away") }
        if date > now.addingTimeInterval(7 * 86_400) { problems.add("expires", "期限が7日より先です", "more than seven days away") }
        return date
    }

    /// A shelter has one story, whoever reports, and a town one headquarters; other alerts one of their own until `event` joins them.
    mutating func event(id: AlertID, mode: ModeName?) -> EventID {
        let drill = mode == .exercise ? "exercise/" : ""
        let own = "\(drill)op/\(town.id.code)/"
        guard let event = alert.event else {
            return switch alert.kind {
            // Of several together none is named: the event is this decision's.
            case "shelter" where alert.shelters.map({ $0.count == 1 }) ?? true: EventID("\(own)shelter/\(alert.shelter ?? alert.shelters?.first ?? "")")
            case "headquarters": EventID("\(own)headquarters")
            case "notice" where alert.test == true: EventID("\(own)test/\(id.text)")
            default: EventID("\(own)\(id.text)")
            }
        }
        if event.count > 200 || !event.hasPrefix(own) || event.count == own.count {
            problems.add("event", "続報の元は、同じ市町村の、同じ本番・訓練の情報でなければなりません", "must begin with \(own)")
        }
        return EventID(event)
    }

    // MARK: Fields

    /// Nil where nothing is written or something is wrong with it.
    private mutating func text(_ field: String, _ written: String?, limit: Int) -> String? {
        guard let written = written.map(Self.plain) else { return nil }
        if written.count > limit {
            problems.add(field, "\(written.count)文字あります。\(limit)文字までにしてください", "more than \(limit) characters")
        } else if written.unicodeScalars.contains(where: Self.isControl) {
            problems.add(field, "使えない文字（制御文字、書字の向きを変える文字）が入っています", "holds control characters or marks that reorder text")
        } else if written.allSatisfy(\.isWhitespace) {
            if field != "districts" { problems.add(field, "何も書かれていません", "empty") }
        } else {
            return written
        }
        return nil
    }

    /// Line ends and tabs as forms and spreadsheets give them; they mean the same.
    private static func plain(_ text: String) -> String {
        // By scalars: to String, CR LF is one character and another one than LF.
        var plain = String.UnicodeScalarView()
        var wasReturn = false
        for scalar in text.unicodeScalars {
            defer { wasReturn = scalar == "\r" }
            switch scalar {
            case "\r": plain.append("\n")
            case "\n" where wasReturn: continue
            case "\t": plain.append(" ")
            default: plain.append(scalar)
            }
        }
        return String(plain)
    }

    /// All but the line feed: 「解除」 must not be shown as something else.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar != "\n" && PlainText.isHidden(scalar) }

    private mutating func refuse(_ fields: [String], of what: String, _ english: String) {
        let written: [String: Bool] = [
            "level": alert.level != nil, "hazard": alert.hazard != nil, "districts": alert.districts != nil,
            "reason": alert.reason != nil, "shelters": alert.shelters != nil, "shelter": alert.shelter != nil,
            "state": alert.state != nil, "note": alert.note != nil, "title": alert.title != nil,
            "body": alert.body != nil, "lifted": alert.lifted != nil,
        ]
        for field in fields where written[field] == true { problems.add(field, "\(what)には書けない項目です", "no part of \(english)") }
    }
}
