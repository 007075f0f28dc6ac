package io.fairlead.alert;

import io.fairlead.config.ReceiverConfig;
import io.fairlead.insight.alert.Message;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Sends mail; however slowly the server answers, it ends in time. */
final class MailSender implements Sender {
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  private final ReceiverConfig.Email config;
  private final String instance;
  private final Duration deadline;

  MailSender(ReceiverConfig.Email config, String instance) {
    this(config, instance, DEADLINE);
  }

  MailSender(ReceiverConfig.Email config, String instance, Duration deadline) {
    this.config = config;
    this.instance = instance;
    this.deadline = deadline;
  }

  @Override
  public Delivery send(Message message) throws InterruptedException {
    CompletableFuture<Delivery> done = new CompletableFuture<>();
    String mail = MailText.of(message, config, instance);
    // An interrupt closes the socket that a virtual thread waits for.
    Thread talking =
        Thread.ofVirtual()
            .name("mail")
            .start(() -> {
              try {
                done.complete(Smtp.send(config, instance, mail));
              } catch (IOException e) {
                done.complete(new Delivery.Later("no delivery: " + e.getMessage()));
              } catch (RuntimeException e) {
                done.completeExceptionally(e);
              }
            });
    try {
      return done.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException _) {
      return new Delivery.Later("no delivery within " + deadline.toSeconds() + " s");
    } catch (ExecutionException e) {
      return new Delivery.Later("no delivery: " + e.getCause());
    } finally {
      talking.interrupt();
    }
  }
}
