package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.replication.manage.MemoryValues.Majority;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** One instance asks another, which does it once. */
class OrdersTest {
  private static final String KEY = "databases/orders/orders";
  private static final Duration LONG = Duration.ofSeconds(30);

  private final Majority majority = new Majority();
  private final AtomicInteger done = new AtomicInteger();

  /** Serves that member, or whoever decides. */
  private Orders serving(String own) throws IOException {
    return new Orders(
        new MemoryValues(majority),
        KEY,
        new Orders.Servant() {
          @Override
          public boolean serves(String whom) {
            return whom.equals(own);
          }

          @Override
          public String obey(String whom, String what, String with) throws IOException {
            int _ = done.incrementAndGet();
            if (what.equals("fail")) {
              throw new IOException("it is not to be done");
            }
            return what + " " + whom + " " + with;
          }
        });
  }

  @Test
  void whoServesAMemberDoesWhatIsOrderedOfIt() throws Exception {
    try (Orders one = serving("a");
        Orders _ = serving("b");
        Orders decides = serving(Orders.WHO_DECIDES)) {
      assertThat(one.ask("b", "stop", "now", LONG)).isEqualTo("stop b now");
      assertThat(one.ask(Orders.WHO_DECIDES, "switchover", "", LONG)).isEqualTo("switchover  ");
      assertThat(one.ask("a", "stop", "", LONG)).as("itself").isEqualTo("stop a ");
      assertThat(done).hasValue(3);
      assertThatThrownBy(() -> decides.ask("b", "fail", "", LONG))
          .hasMessage("it is not to be done");
    }
  }

  @Test
  void ofTwoWhoBothServeOneDoesIt() throws Exception {
    try (Orders one = serving("a");
        Orders _ = serving("b");
        Orders _ = serving("b")) {
      for (int i = 1; i <= 20; i++) {
        assertThat(one.ask("b", "rejoin", "", LONG)).isEqualTo("rejoin b ");
        assertThat(done).hasValue(i);
      }
    }
  }

  @Test
  void whereNobodyServesItIsSaid() throws Exception {
    try (Orders one = serving("a")) {
      assertThatThrownBy(() -> one.ask("c", "stop", "", Duration.ofMillis(200)))
          .hasMessage("the instance that runs c has not done so in time");
      try (Orders late = serving("c")) {
        assertThat(late.ask("a", "rejoin", "", LONG)).isEqualTo("rejoin a ");
      }
      assertThat(done).as("what is not waited for any more is not done").hasValue(1);
    }
  }
}
