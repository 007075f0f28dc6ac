package io.fairlead.alert;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ReceiverConfig;
import io.fairlead.config.Secret;
import io.fairlead.insight.alert.Message;
import io.fairlead.telemetry.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A receiver that answers as a test says, at a time that a test says. */
@Timeout(30)
final class OutboxTest {
  private static final ReceiverConfig CHAT =
      new ReceiverConfig.Webhook(new Secret("http://a.example/"), Map.of(), List.of());

  private final AtomicLong now = new AtomicLong(1_000_000);
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private final BlockingQueue<Delivery> answers = new LinkedBlockingQueue<>();
  private final BlockingQueue<Integer> changed = new LinkedBlockingQueue<>();
  private final Outbox outbox =
      new Outbox(
          "chat",
          CHAT,
          this::send,
          now::get,
          new SplittableRandom(1),
          events::add,
          () -> changed.add(1));

  private Delivery send(Message message) throws InterruptedException {
    asked.add(message.id());
    return answers.take();
  }

  private static Message message(String id, boolean repeat, long time) {
    return new Message(
        id,
        "chat",
        repeat,
        time,
        Map.of("service", "shop"),
        HttpSenderTest.MESSAGE.alerts(),
        List.of());
  }

  private String asked() throws InterruptedException {
    String id = asked.poll(20, TimeUnit.SECONDS);
    assertThat(id).isNotNull();
    return String.valueOf(id);
  }

  @AfterEach
  void close() {
    outbox.close();
  }

  @Test
  void nothingIsSentBeforeItIsOnDisk() throws Exception {
    outbox.start();
    outbox.add(message("a", false, now.get()));
    assertThat(asked.poll(100, TimeUnit.MILLISECONDS)).isNull();
    outbox.release();
    assertThat(asked()).isEqualTo("a");
    answers.add(new Delivery.Done());
    assertThat(changed.poll(20, TimeUnit.SECONDS)).isNotNull();
    assertThat(outbox.waiting()).isEmpty();
    assertThat(outbox.state().sent()).isEqualTo(1);
  }

  @Test
  void whatIsNotTakenIsTriedAgainInOrder() throws Exception {
    outbox.start();
    outbox.add(message("a", false, now.get()));
    outbox.add(message("b", false, now.get()));
    outbox.release();
    answers.addAll(List.of(new Delivery.Later("down"), new Delivery.Done(), new Delivery.Done()));
    assertThat(List.of(asked(), asked(), asked())).containsExactly("a", "a", "b");
    assertThat(outbox.state().failed()).isEqualTo(1);
    assertThat(events).isEmpty();
  }

  @Test
  void whatIsRefusedIsGivenUpAndSaid() throws Exception {
    outbox.start();
    outbox.add(message("a", false, now.get()));
    outbox.add(message("b", false, now.get()));
    outbox.release();
    answers.addAll(List.of(new Delivery.Refused("answered 400"), new Delivery.Done()));
    assertThat(List.of(asked(), asked())).containsExactly("a", "b");
    assertThat(events)
        .containsExactly(
            new Event.AlertUndelivered("chat", message("a", false, 0).title(), "answered 400"));
    assertThat(outbox.state().lost()).isEqualTo(1);
  }

  @Test
  void afterADayItIsGivenUp() throws Exception {
    outbox.add(message("a", false, now.get()));
    outbox.release();
    now.addAndGet(Outbox.PATIENCE.toMillis() + 1);
    outbox.start();
    assertThat(changed.poll(20, TimeUnit.SECONDS)).isNotNull();
    assertThat(asked).isEmpty();
    assertThat(events).hasSize(1);
    assertThat(outbox.waiting()).isEmpty();
  }

  @Test
  void tooManyCostTheOldestThatSaysNothingNew() {
    for (int i = 0; i < Outbox.MAX_WAITING; i++) {
      Message one = message("m" + i, i == 7, now.get());
      outbox.add(one);
    }
    outbox.add(message("last", false, now.get()));
    List<String> left = new ArrayList<>();
    outbox.waiting().forEach(waiting -> left.add(waiting.message().id()));
    assertThat(left).hasSize(Outbox.MAX_WAITING).doesNotContain("m7").contains("m0", "last");
    outbox.add(message("one more", false, now.get()));
    assertThat(outbox.waiting().getFirst().message().id()).isEqualTo("m1");
    assertThat(outbox.state().lost()).isEqualTo(2);
    assertThat(events).hasSize(2);
  }

  @Test
  void oneRepeatOfAGroupWaitsAtMost() {
    outbox.add(message("news", false, now.get()));
    outbox.add(message("r1", true, now.get()));
    outbox.add(message("r2", true, now.get()));
    outbox.add(message("r2", true, now.get()));
    assertThat(outbox.waiting().stream().map(one -> one.message().id()))
        .containsExactly("news", "r2");
    assertThat(outbox.state().lost()).isZero();
  }

  @Test
  void aReceiverThatIsElsewhereNowIsAskedAtOnce() throws Exception {
    outbox.start();
    outbox.add(message("a", false, now.get()));
    outbox.release();
    answers.add(new Delivery.Later("full", Duration.ofHours(1)));
    assertThat(asked()).isEqualTo("a");
    BlockingQueue<String> elsewhere = new LinkedBlockingQueue<>();
    outbox.redirect(
        CHAT,
        message -> {
          elsewhere.add(message.id());
          return new Delivery.Done();
        });
    assertThat(elsewhere.poll(20, TimeUnit.SECONDS)).isEqualTo("a");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, 500, 1000",
    "2, 0, 1000, 2000",
    "5, 0, 8000, 16000",
    "9, 0, 128000, 256000",
    "10, 0, 150000, 300000",
    "1000, 0, 150000, 300000",
    "1, 60, 60000, 60000"
  })
  void pausesGrow(int tries, long wantedSeconds, long least, long most) {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 200; i++) {
      assertThat(Backoff.pause(tries, Duration.ofSeconds(wantedSeconds), random))
          .isBetween(least, most);
    }
  }
}
