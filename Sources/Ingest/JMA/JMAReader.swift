/// Reads one bulletin of the Japan Meteorological Agency (気象庁防災情報XMLフォーマット) of any type.
///
///     octets ──▶ tree ──▶ envelope (Control, Head) ──▶ areas by family ──▶ Bulletin
///                           │ refuses what it cannot place: status, operation, time
///                           └ an unknown title stays: kind `other`, headline areas, text
///
/// Elements are matched by namespace and local name, never by prefix: prefixes and their order vary between files.
/// Whatever lies below Head is optional, a cancelled EEW has neither Earthquake nor Intensity.
internal import AlertModel
package import Codes

package enum JMAReader {
    /// `fileName` settles the type where several types share a title (`…_VXSE41.xml`).
    ///
    /// Throws for what is no JMA bulletin: no XML, another root or encoding, more than 8 MB, a Status or InfoType
    /// that JMA does not have, two where one decides.
    package static func read(
        _ octets: [UInt8], fileName: String? = nil, codes: CodeTables = .bundled
    ) throws(Refusal) -> Bulletin {
        let document = try parse(octets)
        let envelope = try JMAEnvelope(document.root)
        let type = JMAType(title: envelope.title, fileName: fileName)
        var bulletin = Bulletin(
            format: .jma, type: type.code, title: envelope.title, kind: type.kind, status: envelope.status,
            message: envelope.message, sender: envelope.publishingOffice)
        envelope.fill(&bulletin)

        let body = envelope.body
        bulletin.hypocentre = body.flatMap { JMAHypocentre.read($0, isEarlyWarning: type.kind == .eew) }
        bulletin.areas = try areas(of: type, headline: envelope.headline, body: body)
        if type.namesRegionInTitle, let region = JMATitleRegion.read(envelope.headTitle, envelope.title, codes) {
            bulletin.areas.append(region)
        }
        bulletin.text = body.flatMap(JMAProse.read)
        bulletin.remarks = body.map(JMARemarks.read) ?? []
        bulletin.keyword = body.flatMap(JMARemarks.keyword)
        if type.isTagged { bulletin.kind = JMAType.kind(byTags: bulletin.areas) ?? bulletin.kind }
        bulletin.unknownCodes = JMAUnknown.places(bulletin.areas, codes)
        bulletin.unknownKinds = JMAUnknown.kinds(bulletin.areas, of: type, codes)
        bulletin.isOfUnknownType = !type.isKnown
        bulletin.unread = body.map { JMAUnread.read($0, type, bulletin.areas) } ?? []
        return bulletin
    }

    private static func parse(_ octets: [UInt8]) throws(Refusal) -> XMLDocument {
        var limits = XMLLimits()
        limits.keepsBlanks = false
        do throws(XMLRefusal) {
            let document = try XMLDocument(octets, limits: limits)
            if let encoding = document.encoding, encoding.lowercased() != "utf-8" {
                throw XMLRefusal("文字コードが\(encoding)です。気象庁の電文はUTF-8です (JMA bulletins are UTF-8)")
            }
            return document
        } catch {
            throw Refusal(error.reason)
        }
    }

    private static func areas(
        of type: JMAType, headline: XMLElement?, body: XMLElement?
    ) throws(Refusal) -> [AreaStatement] {
        var statements = JMAStatements()
        switch type.kind {
        case .eew:
            JMAHeadline.read(headline, type, into: &statements)
            if let body { JMAEarlyWarning.read(body, into: &statements) }
        case .tsunami:
            if let body { JMATsunami.read(body, into: &statements) }
            // The headline names coarser stretches of coast (領域表現); it speaks only where the body is silent.
            if statements.list.isEmpty { JMAHeadline.read(headline, type, into: &statements) }
        case .earthquake:
            JMAHeadline.read(headline, type, into: &statements)
            if let body { JMAIntensity.read(body, into: &statements) }
        default:
            // A released warning is 解除/00 in the headline and keeps its name and code in the body: the body rules.
            if type.isStateOfWarnings, let body { JMAWarnings.read(body, into: &statements) }
            JMAHeadline.read(headline, type, into: &statements, onlyNewPlaces: type.isStateOfWarnings)
            if !type.isStateOfWarnings, let body { JMAWarnings.read(body, into: &statements) }
            if type.isTagged, let body { JMAWarnings.readObservations(body, into: &statements) }
        }
        if statements.list.isEmpty || type.namesRegionsInBody, let body { JMAWarnings.readPlaces(body, into: &statements) }
        guard !statements.isOverfull else { throw Refusal("地域ごとの項目が\(JMAStatements.limit)より多くあります (too many statements about places)") }
        return statements.list
    }
}
