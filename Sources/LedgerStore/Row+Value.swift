internal import GRDB

extension Row {
    /// What a column holds. Throws where it is not what the column is for: the file has been damaged there, or changed by somebody's hand, and
    /// GRDB's own subscript would end the program, at every start anew.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value { try decode(Value.self, forColumn: column) }

    func value<Value: DatabaseValueConvertible>(at place: Int) throws -> Value { try decode(Value.self, atIndex: place) }
}
