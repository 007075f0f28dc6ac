package io.fairlead.alert;

import io.fairlead.config.ReceiverConfig;
import io.fairlead.insight.alert.Message;
import java.util.function.LongSupplier;

/** Tells one receiver. */
interface Sender extends AutoCloseable {
  /** Waits for the answer, but not for ever. Never throws what the other side can cause. */
  Delivery send(Message message) throws InterruptedException;

  @Override
  default void close() {}

  /**
   * What a configuration asks for.
   *
   * @param instance how this process is called in messages
   * @param clock milliseconds since 1970
   */
  static Sender of(ReceiverConfig config, String instance, LongSupplier clock) {
    return switch (config) {
      case ReceiverConfig.Webhook webhook ->
          new HttpSender(
              webhook.url(),
              webhook.headers(),
              webhook.ca(),
              clock,
              message -> MessageJson.webhook(message, instance));
      case ReceiverConfig.Alertmanager alertmanager ->
          new HttpSender(
              alertmanager.alertsUrl(),
              alertmanager.headers(),
              alertmanager.ca(),
              clock,
              message -> MessageJson.alertmanager(message, instance, clock.getAsLong()));
      case ReceiverConfig.Email email -> new MailSender(email, instance);
    };
  }
}
