package io.fairlead.proxy.http;

import io.fairlead.Fuzz;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Runs {@link ParserFuzz}. */
final class ParserFuzzTest {
  @Test
  void noCutOfNoBytesChangesWhatTheyMean() throws Exception {
    AtomicReference<ParserFuzz> made = new AtomicReference<>();
    Fuzz.run(
        "HTTP/1 messages",
        8,
        0.1,
        random -> {
          ParserFuzz fuzz = made.get();
          if (fuzz == null) {
            fuzz = new ParserFuzz(Seeds.requests(), Seeds.responses(), random);
            made.set(fuzz);
          }
          long before = fuzz.accepted();
          fuzz.run();
          return fuzz.accepted() > before;
        });
  }
}
