internal import GRDB
internal import Ledger

/// What finds a page of the log among ten million rows, whatever it is asked by: each filter has an index whose entries stand in the log's own
/// order, so that a page is a seek and a hundred steps.
///
///     mode            ─▶ log_mode      (town, mode, number)
///     mode, channel   ─▶ log_channel   (town, mode, channel, number)
///     mode, far end   ─▶ log_endpoint  (town, mode, endpoint, number)
///     mode, state     ─▶ log_state     (town, mode, state, number)     a table of its own: states change
///     time            ─▶ log_hour      (town, hour) → the first and last number offered in it
///
/// `number` is the row's own id, which every index of SQLite's ends with. The two tables are kept by triggers, in the transaction of the rows they
/// are made of, whoever writes these: a town that moved in, a salvaged file, an archive that leaves.
extension LedgerSchema {
    static func addLogIndexes(_ db: Database) throws {
        try db.execute(sql: """
            CREATE INDEX log_mode ON delivery (town, mode);
            CREATE INDEX log_channel ON delivery (town, mode, channel);
            CREATE INDEX log_endpoint ON delivery (town, mode, endpoint);
            DROP INDEX delivery_number;
            CREATE TABLE log_state (
              town TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL, number INTEGER NOT NULL,
              PRIMARY KEY (town, mode, state, number)) WITHOUT ROWID;
            INSERT INTO log_state SELECT d.town, d.mode, s.state, d.number FROM delivery d JOIN standing s ON s.town = d.town AND s.delivery = d.id
              ORDER BY d.town, d.mode, s.state, d.number;
            DROP INDEX standing_state;
            CREATE TABLE log_hour (
              town TEXT NOT NULL, hour INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (town, hour)) WITHOUT ROWID;
            INSERT INTO log_hour SELECT town, CAST(offered / 3600 AS INTEGER), min(number), max(number) FROM delivery GROUP BY 1, 2;
            CREATE TRIGGER log_offered AFTER INSERT ON delivery BEGIN
              INSERT INTO log_hour VALUES (NEW.town, CAST(NEW.offered / 3600 AS INTEGER), NEW.number, NEW.number)
                ON CONFLICT (town, hour) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last);
            END;
            CREATE TRIGGER log_stands AFTER INSERT ON standing BEGIN
              INSERT OR IGNORE INTO log_state SELECT town, mode, NEW.state, number FROM delivery WHERE town = NEW.town AND id = NEW.delivery;
            END;
            CREATE TRIGGER log_changes AFTER UPDATE OF state ON standing WHEN OLD.state <> NEW.state BEGIN
              DELETE FROM log_state WHERE town = NEW.town AND state = OLD.state
                AND (mode, number) IN (SELECT mode, number FROM delivery WHERE town = NEW.town AND id = NEW.delivery);
              INSERT OR IGNORE INTO log_state SELECT town, mode, NEW.state, number FROM delivery WHERE town = NEW.town AND id = NEW.delivery;
            END;
            CREATE TRIGGER log_leaves AFTER DELETE ON delivery BEGIN
              DELETE FROM log_state WHERE town = OLD.town AND mode = OLD.mode AND number = OLD.number AND state IN (\(allStates));
            END;
            """)
    }

    private static let allStates = words(DeliveryState.allCases)
    static let openStates = words(DeliveryState.allCases.filter { !$0.isEnd })
    private static func words(_ states: [DeliveryState]) -> String { states.map { "'\($0.rawValue)'" }.joined(separator: ",") }
}
