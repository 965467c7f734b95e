/// Which requests wait for an answer, and which answer is whose. A value without clock or connection.
///
/// TS 48.049 has no transaction number: an answer names the message and serial it speaks of, or nothing at all, in
/// which case the oldest request of its kind is meant.
struct CBSPQuestions {
    struct Question {
        let token: UInt64
        let message: CBSPMessage
    }

    private(set) var open: [Question] = []

    /// More requests at once than this are refused: a controller takes a warning in milliseconds.
    static let most = 512

    mutating func ask(_ message: CBSPMessage, token: UInt64) -> Bool {
        guard open.count < Self.most else { return false }
        open.append(Question(token: token, message: message))
        return true
    }

    /// The token of the request that `answer` answers.
    mutating func settle(_ answer: CBSPMessage) -> UInt64? {
        guard let index = open.firstIndex(where: { Self.does(answer, answer: $0.message) }) else { return nil }
        return open.remove(at: index).token
    }

    mutating func forget(_ token: UInt64) { open.removeAll { $0.token == token } }

    mutating func forgetAll() -> [UInt64] {
        defer { open = [] }
        return open.map(\.token)
    }

    private static func does(_ answer: CBSPMessage, answer question: CBSPMessage) -> Bool {
        if answer.type == .errorIndication {
            return answer.identifier != nil && answer.identifier == question.identifier
        }
        guard answer.type.answers?.request == question.type else { return false }
        guard let identifier = answer.identifier else { return true }
        guard identifier == question.identifier else { return false }
        return switch question.type {
        case .writeReplace: answer.newSerial == question.newSerial
        default: answer.oldSerial == question.oldSerial
        }
    }
}
