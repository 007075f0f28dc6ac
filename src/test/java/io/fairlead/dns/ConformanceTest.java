package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the standards say of questions, right and wrong ones, byte by byte. */
@Timeout(60)
final class ConformanceTest {
  static final String ZONE =
      "server-id: fairlead\nresponse-rate: off\nzones: { fl.test: { file: fl.test.zone } }\n";

  @SuppressWarnings("NullAway.Init") // before all
  private static TestServer server;

  @BeforeAll
  static void start() throws IOException {
    server = TestServer.start(ZONE);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void everyCaseIsAnsweredAsItMustBe() throws IOException {
    List<Corpus.Case> cases = Corpus.read();
    assertThat(cases).hasSizeGreaterThanOrEqualTo(120);
    assertThat(cases.stream().map(Corpus.Case::name)).doesNotHaveDuplicates();
    Asker asker = new Asker(server.address(), 5000);
    List<String> wrong = new ArrayList<>();
    for (Corpus.Case each : cases) {
      for (String via : each.via()) {
        byte[] answer = asker.ask(via, each.question());
        String objection = Corpus.objection(each.expect(), each.question(), answer);
        if (objection != null) {
          wrong.add(each.group() + " " + each.name() + " by " + via + ": " + objection);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }
}
