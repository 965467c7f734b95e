/// What only the words of the standard ask, not its schema: CAP 1.2 §3.2, data dictionary.
///
/// Where issuers differ from the words without a doubt about what they mean, they are read: UTC written `+00:00`
/// instead of `-00:00` (USGS, Météo-France's composers), an empty `restriction`, `addresses`, `references` of an
/// Alert, or `polygon` (NAAD, NWS), an area named by shape or code only (GOV.UK), `expires` not after `effective` in a message that ends an event (NOAA tsunami
/// centres, Météo-France), times with `Z` or a fraction of a second.
/// Where a message could be taken for another one, or ground be warned that is not meant, it is refused.
import AlertModel

struct CAPProse {
    let alert: CAPAlert
    /// It ends a warning (`CAPDoubt`).
    var isInDoubt = false

    /// Points of all polygons of one alert together.
    static let pointLimit = 200_000
    /// Infos of one alert: languages times urgencies; the largest real alert has six.
    static let infoLimit = 100

    /// Returns what is doubtful and was taken all the same.
    func check(_ references: [Bulletin.Reference]) throws(Refusal) -> [String] {
        var doubts = try checkReferences(references)
        try inDoubt(&doubts) { () throws(Refusal) in try checkName(alert.identifier, "identifier") }
        try inDoubt(&doubts) { () throws(Refusal) in try checkName(alert.sender, "sender") }
        try inDoubt(&doubts) { () throws(Refusal) in try checkScope() }
        guard alert.infos.count <= Self.infoLimit else { throw refusal("alert/info", "more than \(Self.infoLimit)") }
        var points = 0
        for (index, info) in alert.infos.enumerated() {
            let path = "alert/info[\(index + 1)]"
            try checkTimes(info, path)
            for (number, area) in info.areas.enumerated() {
                let place = "\(path)/area[\(number + 1)]"
                try inDoubt(&doubts) { () throws(Refusal) in try checkArea(area, place, &points) }
            }
        }
        return doubts
    }

    /// What ends a warning is not thrown away for a fault that leaves its end clear.
    private func inDoubt(_ doubts: inout [String], _ check: () throws(Refusal) -> Void) throws(Refusal) {
        do throws(Refusal) {
            try check()
        } catch {
            guard isInDoubt else { throw error }
            if doubts.count < 20 { doubts.append("\(error.reason): 終わりを伝えるものなので受け取った (taken in doubt)") }
        }
    }

    private func refusal(_ path: String, _ rule: String) -> Refusal {
        Refusal("CAP \(alert.version.rawValue): \(path): \(rule)")
    }

    private func checkName(_ text: String, _ name: String) throws(Refusal) {
        let isForbidden = { (character: Character) in character.isWhitespace || ",<&".contains(character) }
        guard !text.contains(where: isForbidden) else {
            throw refusal("alert/\(name)", "contains a space, a comma, < or &")
        }
    }

    private func checkScope() throws(Refusal) {
        if alert.scope == "Restricted", alert.restriction == nil {
            throw refusal("alert/restriction", "is required by the scope Restricted")
        }
        if alert.scope != "Restricted", alert.restriction != nil {
            throw refusal("alert/restriction", "belongs to the scope Restricted, the scope is \(alert.scope)")
        }
        if alert.scope == "Private", alert.addresses == nil {
            throw refusal("alert/addresses", "is required by the scope Private")
        }
    }

    private func checkReferences(_ references: [Bulletin.Reference]) throws(Refusal) -> [String] {
        var doubts: [String] = []
        if alert.message != "Alert", references.isEmpty {
            throw refusal("alert/references", "\(alert.message) without a reference to an earlier message")
        }
        for reference in references {
            guard let sent = Timestamp(reference.sent) else { continue }
            // The Environment Agency keeps one identifier through an event's messages: only the time tells them apart.
            if reference.sender == alert.sender, reference.identifier == alert.identifier,
                sent.seconds == alert.sent.seconds
            {
                throw refusal("alert/references", "the message refers to itself")
            }
            if sent.seconds > alert.sent.seconds {
                let words = refusal("alert/references", "refers to a message sent later (\(reference.sent))")
                guard isInDoubt else { throw words }
                doubts.append("\(words.reason): 終わりを伝えるものなので受け取った (taken in doubt)")
            }
        }
        return doubts
    }

    private func checkTimes(_ info: CAPAlert.Info, _ path: String) throws(Refusal) {
        // An all-clear holds from now on, whatever its own end says (Météo-France: expires = effective).
        guard let expires = info.expires, !alert.ends(info) else { return }
        if let effective = info.effective {
            guard expires.seconds > effective.seconds else {
                throw refusal("\(path)/expires", "\(expires.text) is not after effective \(effective.text)")
            }
        } else if expires.seconds < alert.sent.seconds {
            // Without effective the alert takes effect when it is sent.
            throw refusal("\(path)/expires", "\(expires.text) is before sent \(alert.sent.text)")
        }
    }

    private func checkArea(_ area: CAPAlert.Area, _ path: String, _ points: inout Int) throws(Refusal) {
        if area.description.isEmpty, area.polygons.isEmpty, area.circles.isEmpty, area.geocodes.isEmpty {
            throw refusal("\(path)/areaDesc", "is empty, and the area has neither shape nor code")
        }
        for (index, text) in area.polygons.enumerated() {
            points += text.utf8.count { $0 == 0x2C }
            guard points <= Self.pointLimit else {
                throw refusal("\(path)/polygon", "more than \(Self.pointLimit) points")
            }
            try checkShape("\(path)/polygon[\(index + 1)]") { () throws(ShapeError) in try Shape(polygon: text) }
        }
        for (index, text) in area.circles.enumerated() {
            try checkShape("\(path)/circle[\(index + 1)]") { () throws(ShapeError) in try Shape(circle: text) }
        }
        if let ceiling = area.ceiling {
            guard let altitude = area.altitude else { throw refusal("\(path)/ceiling", "without altitude") }
            if let top = ceiling.capNumber, let bottom = altitude.capNumber, top < bottom {
                throw refusal("\(path)/ceiling", "\(ceiling) is below altitude \(altitude)")
            }
        }
    }

    private func checkShape(_ path: String, _ read: () throws(ShapeError) -> Shape) throws(Refusal) {
        do {
            _ = try read()
        } catch {
            throw refusal(path, error.reason)
        }
    }
}
