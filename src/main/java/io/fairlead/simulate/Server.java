package io.fairlead.simulate;

import java.util.Arrays;

/**
 * A node: cores that work on requests.
 *
 * <p>All requests in work go on at the same pace, which changes with their number and with the
 * speed of the node. So instead of touching each of them at every change, the server keeps how much
 * work a request that was there from the start would have got by now ({@code done}); one that came
 * when that was d and needs w is ready when it is d + w [1].
 *
 * <p>[1] A. Demers, S. Keshav, S. Shenker, Analysis and Simulation of a Fair Queueing Algorithm,
 * SIGCOMM 1989: virtual time.
 */
final class Server {
  private final int cores;
  private final boolean shared;
  private final int maxWaiting;

  /** Slow, slower, or standing still (0). */
  private double speed = 1;

  private double done;
  private long at;

  private double[] ready = new double[16];
  private int[] rows = new int[16];
  private int working;

  private int[] waiting = new int[16];
  private double[] waitingWork = new double[16];
  private int firstWaiting;
  private int waits;

  /** When the engine looks here next; {@link Long#MAX_VALUE}: not at all. */
  long looksAt = Long.MAX_VALUE;

  /**
   * @param shared whether all are worked on; otherwise more than cores wait
   * @param maxWaiting where they wait
   */
  Server(int cores, boolean shared, int maxWaiting) {
    this.cores = cores;
    this.shared = shared;
    this.maxWaiting = maxWaiting;
  }

  /** Requests in work and waiting. */
  int size() {
    return working + waits;
  }

  /** A request comes; false: there is no room. */
  boolean accept(long now, int row, double work) {
    advance(now);
    if (shared || working < cores) {
      push(done + work, row);
      return true;
    }
    if (waits >= maxWaiting) {
      return false;
    }
    enqueue(row, work);
    return true;
  }

  /** The next that is ready by now, or -1; the engine asks until there is none. */
  int takeReady(long now) {
    advance(now);
    // A completion is planned in whole nanoseconds, rounded up: what is ready is ready by then.
    if (working == 0 || ready[0] > done) {
      return -1;
    }
    int row = rows[0];
    pop(0);
    startWaiting();
    return row;
  }

  /** Stops work on a request, if it is here. */
  boolean cancel(long now, int row) {
    advance(now);
    for (int i = 0; i < working; i++) {
      if (rows[i] == row) {
        pop(i);
        startWaiting();
        return true;
      }
    }
    int mask = waiting.length - 1;
    for (int i = 0; i < waits; i++) {
      if (waiting[(firstWaiting + i) & mask] == row) {
        for (int j = i; j < waits - 1; j++) {
          waiting[(firstWaiting + j) & mask] = waiting[(firstWaiting + j + 1) & mask];
          waitingWork[(firstWaiting + j) & mask] = waitingWork[(firstWaiting + j + 1) & mask];
        }
        waits--;
        return true;
      }
    }
    return false;
  }

  void setSpeed(long now, double newSpeed) {
    advance(now);
    speed = newSpeed;
  }

  /** When the next is ready if nothing else happens; {@link Long#MAX_VALUE}: never. */
  long nextReady(long now) {
    double pace = pace();
    if (working == 0 || pace == 0) {
      return Long.MAX_VALUE;
    }
    double left = Math.max(0, ready[0] - done) / pace;
    return left > 1e18 ? Long.MAX_VALUE : now + (long) Math.ceil(left);
  }

  private double pace() {
    return shared && working > cores ? speed * cores / working : speed;
  }

  private void advance(long now) {
    if (now > at) {
      if (working > 0) {
        done += (now - at) * pace();
      } else {
        done = 0; // nobody is compared with it, and small numbers are exact
      }
      at = now;
    }
  }

  private void startWaiting() {
    if (waits > 0 && working < cores) {
      int place = firstWaiting;
      firstWaiting = (firstWaiting + 1) & (waiting.length - 1);
      waits--;
      push(done + waitingWork[place], waiting[place]);
    }
  }

  private void enqueue(int row, double work) {
    if (waits == waiting.length) {
      int[] newRows = new int[waits * 2];
      double[] newWork = new double[waits * 2];
      for (int i = 0; i < waits; i++) {
        newRows[i] = waiting[(firstWaiting + i) & (waits - 1)];
        newWork[i] = waitingWork[(firstWaiting + i) & (waits - 1)];
      }
      waiting = newRows;
      waitingWork = newWork;
      firstWaiting = 0;
    }
    int place = (firstWaiting + waits++) & (waiting.length - 1);
    waiting[place] = row;
    waitingWork[place] = work;
  }

  private void push(double when, int row) {
    if (working == ready.length) {
      ready = Arrays.copyOf(ready, working * 2);
      rows = Arrays.copyOf(rows, working * 2);
    }
    up(working++, when, row);
  }

  private void up(int from, double when, int row) {
    int place = from;
    while (place > 0 && ready[(place - 1) / 2] > when) {
      ready[place] = ready[(place - 1) / 2];
      rows[place] = rows[(place - 1) / 2];
      place = (place - 1) / 2;
    }
    ready[place] = when;
    rows[place] = row;
  }

  private void pop(int hole) {
    int last = --working;
    double when = ready[last];
    int row = rows[last];
    if (hole == last) {
      return;
    }
    int place = hole;
    while (true) {
      int child = 2 * place + 1;
      if (child >= last) {
        break;
      }
      if (child + 1 < last && ready[child + 1] < ready[child]) {
        child++;
      }
      if (ready[child] >= when) {
        break;
      }
      ready[place] = ready[child];
      rows[place] = rows[child];
      place = child;
    }
    up(place, when, row);
  }
}
