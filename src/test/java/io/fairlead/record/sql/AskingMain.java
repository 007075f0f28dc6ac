package io.fairlead.record.sql;

import java.nio.file.Path;

/** A process that asks something long, to be killed while it waits; says who answers it. */
final class AskingMain {
  private AskingMain() {}

  static void main(String[] args) {
    RecordQueries queries = RecordQueries.of(Path.of(args[0]));
    QueryOutcome first = queries.ask("SELECT 1", 1);
    System.out.println(first instanceof QueryOutcome.Answered ? queries.pid() : first);
    System.out.println(queries.ask(args[1], 1));
  }
}
