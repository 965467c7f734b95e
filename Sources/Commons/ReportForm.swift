/// What a report may look like, as a table: which elements, of which namespace, in which order, how often, saying what.
///
/// The frame is EDXL-DE 1.0 (OASIS Standard, 2006-05-01, schema of the distribution element and of contentObject) with
/// L-Alert's own elements where open code puts them; head, control and bodies are the PCXML of LGDIS and SaigaiTask.
/// No schema of PCXML is public: an element not named here is refused, so that one put in by mistake is found.
enum ReportForm {
    /// The first thing wrong with a distribution, with the path to it; nil when there is none.
    static func objection(to report: ParsedXML) -> String? {
        guard report.name == "EDXLDistribution", report.namespace == Space.edxl.uri else {
            return "\(report.name) is no EDXLDistribution of EDXL-DE 1.0"
        }
        guard let category = report.words("contentObject/category"), let body = bodies[category] else {
            return "category \(report.words("contentObject/category") ?? "missing") is none of \(bodies.keys.sorted())"
        }
        let isMail = category == "UrgentMail"
        return report.objection(to: distribution(isMail: isMail, body: body))
    }

    private static func distribution(isMail: Bool, body: Slot) -> [Slot] {
        [
            .one(.edxl, "distributionID", .saying), .one(.edxl, "senderID", .saying), .one(.edxl, "dateTimeSent", .time),
            .one(.edxl, "distributionStatus", .word(["Actual", "Exercise", "System", "Test"])),
            .one(.edxl, "distributionType", .word(["Report", "Update", "Cancel"])),
            .one(.edxl, "combinedConfidentiality", .saying), .optional(.edxl, "language"),
            .one(.commons, "targetArea", .elements([
                .one(.commons, "areaName", .saying), .one(.commons, "jisX0402", .townCode),
            ])),
            .one(.commons, "contentObject", .elements(contentObject(isMail: isMail, body: body))),
        ]
    }

    private static func contentObject(isMail: Bool, body: Slot) -> [Slot] {
        // 255: the telop of the receivers (SaigaiTask).
        [.one(.edxl, "contentDescription", .upTo(255))] + (isMail ? [carrier] : []) + [
            .one(.edxl, "xmlContent", .elements([
                .one(.edxl, "embeddedXMLContent", .elements([
                    .one(.pcxml, "Report", .elements([control, head, body])),
                ])),
            ])),
            .one(.commons, "publishingOfficeName", .saying), .one(.commons, "publishingOrganizationName", .saying),
            .one(.commons, "publishingOfficeID", .townCode), .one(.commons, "publishingOfficeDomainName", .saying),
            .optional(.commons, "previousDocumentRevision", .number), .one(.commons, "documentRevision", .number),
            .one(.commons, "documentID", .saying), .one(.commons, "category", .saying),
        ]
    }

    private static let carrier = Slot.one(.edxl, "consumerRole", .elements([
        .one(.edxl, "valueListUrn", .word(["publicCommons:media:urgentmail:carrier"])),
        .one(.edxl, "value", .word(["UMC1", "UMC2", "UMC3"])),
    ]))

    private static let office = Slot.one(.basis, "OfficeInfo", .elements([
        .one(.basis, "OrganizationCode", .townCode), .one(.basis, "OrganizationName", .saying),
        .one(.basis, "OrganizationDomainName", .saying), .one(.basis, "OfficeName", .saying),
        .optional(.basis, "ContactInfo", .saying),
    ]))

    private static let control = Slot.one(.pcxml, "Control", .elements([
        .one(.pcxml, "Title", .saying), .one(.edxl, "distributionStatus"),
        .one(.pcxml, "EditorialOffice", .elements([office])), .one(.pcxml, "PublishingOffice", .elements([office])),
        .optional(.pcxml, "Errata", .elements([.one(.basis, "Description", .saying), .one(.basis, "DateTime", .time)])),
    ]))

    private static let head = Slot.one(.information, "Head", .elements([
        .one(.information, "Title", .saying),
        .one(.information, "CreateDateTime", .time), .one(.information, "FirstCreateDateTime", .time),
        .one(.information, "ReportDateTime", .time), .one(.information, "TargetDateTime", .time),
        .one(.information, "ValidDateTime", .time),
        .one(.edxl, "distributionID"), .one(.edxl, "distributionType"), .one(.commons, "documentRevision"),
        .optional(.commons, "previousDocumentRevision"), .one(.commons, "documentID"),
        .one(.information, "Headline", .elements([
            .one(.information, "Text", .upTo(255)),
            .one(.information, "Areas", .elements([
                .some(.information, "Area", .elements([
                    .one(.commons, "areaName", .saying), .one(.commons, "jisX0402", .townCode),
                ])),
            ])),
        ])),
    ]))
}

// MARK: Bodies

extension ReportForm {
    private static let disaster = Slot.optional(.basis, "Disaster", .elements([.one(.basis, "DisasterName", .saying)]))

    private static let bodies: [String: Slot] = [
        "EvacuationOrder": body("EvacuationOrder", "evacuation3", evacuation),
        "Shelter": body("Shelter", "shelter3", shelter),
        "AntidisasterHeadquarter": body("AntidisasterHeadquarter", "antidisasterHeadquarter3", headquarters),
        "GeneralInformation": body("GeneralInformation", "GeneralInformation3", notice),
        "UrgentMail": body("UrgentMail", "UrgentMail3", { space in
            [.one(space, "Information", .elements([.one(space, "Title", .upTo(15)), .one(space, "Message", .upTo(500))]))]
        }),
    ]

    private static func body(_ name: String, _ space: String, _ slots: (Space) -> [Slot]) -> Slot {
        .one(.body(space), name, .elements(slots(.body(space))))
    }

    private static func evacuation(_ space: Space) -> [Slot] {
        let area: [Slot] = [
            .one(.basis, "Location", .elements([.one(.commons, "areaName", .saying)])), .optional(space, "DateTime", .time),
        ]
        return [
            disaster, .one(space, "ComplementaryInfo", .saying),
            // A Cancel may have nothing left to list.
            .any(space, "Detail", .elements([
                .one(space, "Sort", .word(["高齢者等避難", "避難指示", "緊急安全確保"])),
                .one(space, "IssueOrLift", .word(["発令", "解除"])),
                .one(space, "Areas", .elements([.some(space, "Area", .elements(area))])),
            ])),
        ]
    }

    private static func shelter(_ space: Space) -> [Slot] {
        let information: [Slot] = [
            .one(space, "Location", .elements([
                .optional(.edxl, "circle", .saying), .one(.commons, "areaName", .saying), .optional(.basis, "Address", .saying),
            ])),
            .one(space, "Type", .word(["避難所", "臨時避難所", "広域避難場所：開設措置なし", "一時避難場所：開設措置なし"])),
            .one(space, "Sort", .word(["未開設", "開設", "閉鎖", "不明", "常設"])), .optional(space, "DateTime", .time),
            .optional(space, "Capacity", .number), .one(space, "Status", .word(["空き", "混雑", "定員一杯", "不明"])),
        ]
        return [
            disaster, .one(space, "ComplementaryInfo", .saying), .one(space, "TotalNumberOfShelter", .number),
            .one(space, "Informations", .elements([.some(space, "Information", .elements(information))])),
        ]
    }

    private static func headquarters(_ space: Space) -> [Slot] {
        [
            disaster, .one(space, "Type", .word(["警戒本部", "対策本部"])), .one(space, "Status", .word(["設置", "解散"])),
            .one(space, "Name", .saying), .one(space, "DateTime", .time), .optional(space, "ComplementaryInfo", .saying),
        ]
    }

    private static func notice(_ space: Space) -> [Slot] {
        [
            .one(space, "DisasterInformationType", .word(["Alert", "Disaster", "Ordinary"])), disaster,
            .one(space, "Category", .saying), .optional(space, "SubCategory", .saying), .one(space, "Title", .saying),
            .one(space, "Description", .saying),
        ]
    }
}
