/// One revision of a document as L-Alert reads it: EDXL-DE 1.0 around a PCXML report.
///
///     edxlde:EDXLDistribution
///       commons:targetArea        which town, by its 6-digit code
///       commons:contentObject
///         edxlde:xmlContent/edxlde:embeddedXMLContent/pcxml:Report
///           Control  who speaks, real or drill    Head  which revision, the headline    Body  by category
///
/// The shape is that of LGDIS (石巻市), SaigaiTask (NIED) and publiccommons-py; no schema of PCXML is public.
import AlertModel
import FoundationEssentials

struct Report: Sendable {
    let statement: Statement
    let settings: NodeSettings
    let document: Document
    let documentID: String
    let carrier: String?

    /// Actual 本番, Exercise 訓練. Of the adapter's type, never of a setting.
    private var status: String {
        switch statement.mode {
        case .actual: "Actual"
        case .exercise: "Exercise"
        }
    }

    private var category: String { document.category.rawValue }
    private var distributionID: String { "\(settings.senderID)-\(document.distribution)" }

    var element: XMLElement {
        XMLElement("edxlde:EDXLDistribution", attributes: Self.namespaces + [("xmlns:body", Self.body(document.category))], [
            XMLElement("edxlde:distributionID", distributionID),
            XMLElement("edxlde:senderID", settings.senderID),
            XMLElement("edxlde:dateTimeSent", time(document.made)),
            XMLElement("edxlde:distributionStatus", status),
            XMLElement("edxlde:distributionType", document.change.rawValue),
            XMLElement("edxlde:combinedConfidentiality", settings.confidentiality),
            XMLElement("edxlde:language", "ja-JP"),
            XMLElement("commons:targetArea", [
                XMLElement("commons:areaName", statement.townName), XMLElement("commons:jisX0402", statement.town.code),
            ]),
            contentObject,
        ])
    }

    private var contentObject: XMLElement {
        XMLElement("commons:contentObject", [
            XMLElement("edxlde:contentDescription", document.headline),
            carrier.map {
                XMLElement("edxlde:consumerRole", [
                    XMLElement("edxlde:valueListUrn", "publicCommons:media:urgentmail:carrier"),
                    XMLElement("edxlde:value", $0),
                ])
            },
            XMLElement("edxlde:xmlContent", [
                XMLElement("edxlde:embeddedXMLContent", [XMLElement("pcxml:Report", [control, head, body])]),
            ]),
            XMLElement("commons:publishingOfficeName", settings.office),
            XMLElement("commons:publishingOrganizationName", statement.townName),
            XMLElement("commons:publishingOfficeID", statement.town.code),
            XMLElement("commons:publishingOfficeDomainName", settings.senderID),
            document.revision > 1
                ? XMLElement("commons:previousDocumentRevision", String(document.revision - 1)) : nil,
            XMLElement("commons:documentRevision", String(document.revision)),
            XMLElement("commons:documentID", documentID),
            XMLElement("commons:category", category),
        ])
    }

    private var control: XMLElement {
        XMLElement("pcxml:Control", [
            XMLElement("pcxml:Title", category),
            XMLElement("edxlde:distributionStatus", status),
            XMLElement("pcxml:EditorialOffice", [office]),
            XMLElement("pcxml:PublishingOffice", [office]),
            document.errata.map {
                XMLElement("pcxml:Errata", [
                    XMLElement("pcx_eb:Description", $0),
                    XMLElement("pcx_eb:DateTime", time(statement.reported)),
                ])
            },
        ])
    }

    private var office: XMLElement {
        XMLElement("pcx_eb:OfficeInfo", [
            XMLElement("pcx_eb:OrganizationCode", statement.town.code),
            XMLElement("pcx_eb:OrganizationName", statement.townName),
            XMLElement("pcx_eb:OrganizationDomainName", settings.senderID),
            XMLElement("pcx_eb:OfficeName", settings.office),
            settings.phone.map { XMLElement("pcx_eb:ContactInfo", $0, attributes: [("pcx_eb:contactType", "phone")]) },
        ])
    }

    private var head: XMLElement {
        XMLElement("pcx_ib:Head", [
            XMLElement("pcx_ib:Title", "\(statement.townName): \(document.category.words)"),
            XMLElement("pcx_ib:CreateDateTime", time(document.made)),
            XMLElement("pcx_ib:FirstCreateDateTime", time(document.firstMade)),
            XMLElement("pcx_ib:ReportDateTime", time(statement.reported)),
            XMLElement("pcx_ib:TargetDateTime", time(statement.reported)),
            XMLElement("pcx_ib:ValidDateTime", time(validUntil)),
            XMLElement("edxlde:distributionID", distributionID),
            XMLElement("edxlde:distributionType", document.change.rawValue),
            XMLElement("commons:documentRevision", String(document.revision)),
            document.revision > 1
                ? XMLElement("commons:previousDocumentRevision", String(document.revision - 1)) : nil,
            XMLElement("commons:documentID", documentID),
            XMLElement("pcx_ib:Headline", [
                XMLElement("pcx_ib:Text", document.headline),
                XMLElement("pcx_ib:Areas", [
                    XMLElement("pcx_ib:Area", [
                        XMLElement("commons:areaName", statement.townName),
                        XMLElement("commons:jisX0402", statement.town.code),
                    ]),
                ]),
            ]),
        ])
    }

    /// A mail: 48 hours, fixed (SaigaiTask). The others as long as the alert, at most 90 days.
    private var validUntil: Date {
        if document.category == .urgentMail { return document.made + 48 * 3600 }
        return min(statement.expires, document.made + Register.longestValidity)
    }

    /// xsd:dateTime with its offset; seconds are enough.
    func time(_ date: Date) -> String { JapanTime.text(date, milliseconds: false) }

    private static let namespaces = [
        ("xmlns:edxlde", "urn:oasis:names:tc:emergency:EDXL:DE:1.0"),
        ("xmlns:commons", "http://xml.publiccommons.ne.jp/xml/edxl/"),
        ("xmlns:pcxml", "http://xml.publiccommons.ne.jp/pcxml1/3"),
        ("xmlns:pcx_eb", "http://xml.publiccommons.ne.jp/pcxml1/elementBasis3/"),
        ("xmlns:pcx_ib", "http://xml.publiccommons.ne.jp/pcxml1/informationBasis3/"),
    ].map { (name: $0.0, value: $0.1) }

    private static func body(_ category: Category) -> String {
        let name =
            switch category {
            case .evacuationOrder: "evacuation3"
            case .shelter: "shelter3"
            case .antidisasterHeadquarter: "antidisasterHeadquarter3"
            case .generalInformation: "GeneralInformation3"
            case .urgentMail: "UrgentMail3"
            }
        return "http://xml.publiccommons.ne.jp/pcxml1/body/\(name)"
    }
}
