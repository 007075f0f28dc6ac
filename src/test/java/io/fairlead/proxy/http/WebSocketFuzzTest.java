package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import io.fairlead.config.WebSocketConfig;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Streams of frames, sound and damaged, in any pieces and at any time: what an end gets is what the
 * other sent, byte by byte, with whole frames of ours between whole frames of theirs and without
 * the pongs that are for us.
 */
final class WebSocketFuzzTest {
  /** The length that only our pings and their pongs have here. */
  private static final int OURS = 8;

  @Test
  void noFrameIsLostChangedOrInterrupted() throws Exception {
    Fuzz.run("WebSocket frames", 2, 0.3, random -> new Run(random).isSound());
  }

  private static final class Run implements WebSocketTunnel.Ends {
    private final SplittableRandom random;
    private final ByteArrayOutputStream client = new ByteArrayOutputStream();
    private final ByteArrayOutputStream node = new ByteArrayOutputStream();

    Run(SplittableRandom random) {
      this.random = random;
    }

    boolean isSound() {
      boolean toNode = random.nextBoolean();
      ByteArrayOutputStream sent = new ByteArrayOutputStream();
      for (int i = random.nextInt(1, 8); i > 0; i--) {
        sent.writeBytes(frame(toNode));
      }
      byte[] bytes = sent.toByteArray();
      boolean damaged = random.nextInt(3) == 0;
      if (damaged) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      WebSocketConfig config =
          new WebSocketConfig(
              Duration.ZERO,
              Duration.ofSeconds(1),
              WebSocketConfig.Ping.BOTH,
              Duration.ofDays(1),
              Duration.ofSeconds(1));
      WebSocketTunnel tunnel = new WebSocketTunnel(config, 0, random, 0, this);
      long now = 0;
      for (int at = 0; at < bytes.length; ) {
        int count = Math.min(bytes.length - at, 1 + random.nextInt(40));
        tunnel.pass(toNode, Unpooled.wrappedBuffer(bytes, at, count), count, now);
        at += count;
        // The other end talks all the time, so that nobody is given up.
        now += Duration.ofMillis(random.nextInt(1500)).toNanos();
        byte[] alive = Frames.text(!toNode, "");
        tunnel.pass(!toNode, Unpooled.wrappedBuffer(alive), alive.length, now);
        long _ = tunnel.tick(now);
      }
      byte[] got = (toNode ? node : client).toByteArray();
      String end = WebSocketFramesTest.read(toNode, bytes, bytes.length + 1);
      assertThat(WebSocketFramesTest.read(toNode, bytes, 1 + random.nextInt(40))).isEqualTo(end);
      if (damaged) {
        // What it means is not known any more; that nothing is lost can still be seen.
        assertThat(without(got, toNode).length).isLessThanOrEqualTo(bytes.length + OURS + 6);
        return false;
      }
      assertThat(without(got, toNode)).isEqualTo(without(bytes, toNode));
      return true;
    }

    private byte[] frame(boolean masked) {
      int length = random.nextInt(10) == 0 ? random.nextInt(70_000) : random.nextInt(140);
      byte[] payload = new byte[length == OURS ? OURS + 1 : length];
      random.nextBytes(payload);
      return switch (random.nextInt(5)) {
        case 0 -> Frames.frame(Frames.PING, masked, Arrays.copyOf(payload, payload.length % 8));
        case 1 -> Frames.frame(Frames.PONG, masked, Arrays.copyOf(payload, payload.length % 8));
        case 2 -> Frames.frame(0x01, masked, payload, 0);
        case 3 -> Frames.frame(0x80, masked, payload, 8);
        default -> Frames.frame(0xC2, masked, payload, 0);
      };
    }

    /** All but our pings. */
    private static byte[] without(byte[] bytes, boolean masked) {
      ByteArrayOutputStream rest = new ByteArrayOutputStream();
      int header = masked ? 6 : 2;
      WebSocketFrames frames = new WebSocketFrames(masked);
      ByteBuf in = Unpooled.wrappedBuffer(bytes);
      for (int at = 0; at < bytes.length; ) {
        boolean begins = frames.isBetween();
        int count = frames.next(in, at, bytes.length - at);
        boolean ours =
            begins && (bytes[at] & 0xFF) == (0x80 | Frames.PING) && count == header + OURS;
        if (!ours) {
          rest.write(bytes, at, count);
        }
        at += count;
      }
      return rest.toByteArray();
    }

    @Override
    public void send(boolean toNode, ByteBuf in, int count) {
      byte[] bytes = new byte[count];
      in.readBytes(bytes);
      (toNode ? node : client).writeBytes(bytes);
    }

    @Override
    public void flush() {}

    @Override
    public boolean isWritable(boolean toNode) {
      return true;
    }

    @Override
    public boolean isNodeLeaving() {
      return false;
    }

    @Override
    public void count(ErrorReason reason) {}

    @Override
    public void closed() {}

    @Override
    public void cut(ErrorReason reason) {}
  }
}
