// What is done in the pictures themselves.

/** What pointers, fingers and keys do in the pictures of a lane, and the lists above them. */
export function listenToLane(app, views, k) {
  const element = views.element;
  const on = (selector, type, action) => element.querySelector(selector).addEventListener(type, action);
  on(".weight", "change", (event) => {
    app.view.weight = Number(event.target.value);
    app.choicesChanged();
  });
  for (const [selector, which] of [[".first", 0], [".second", 1]]) {
    on(selector, "change", (event) => {
      const chosen = Number(event.target.value);
      if (app.view.pair[1 - which] === chosen) app.view.pair[1 - which] = app.view.pair[which];
      app.view.pair[which] = chosen;
      app.choicesChanged();
    });
  }
  on(".space", "click", () => {
    app.view.space = !app.view.space;
    app.choicesChanged();
  });
  listenToContour(app, views.contour, k);
  listenToData(app, views.data);
  element.addEventListener("pointerdown", () => {
    if (app.lanes.length > 1 && app.lane !== k) {
      app.lane = k;
      app.controls.show();
      app.readouts.show();
    }
  });
}

/** A click begins there; in space, a drag turns the bowl. */
function listenToContour(app, view, k) {
  const { canvas } = view;
  let from = null;
  const start = (event) => {
    const { offsetX: x, offsetY: y } = event;
    if (!view.frame?.holds(x, y) || app.hidden.has("start")) return;
    const weights = [...app.lanes[k].state.weights];
    const pair = view.pair();
    weights[pair[0]] = view.frame.valueX(x);
    weights[pair[1]] = view.frame.valueY(y);
    app.startAt(k, weights);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (app.view.space) {
      from = [event.clientX, event.clientY, view.turn, view.tilt];
      canvas.setPointerCapture(event.pointerId);
    }
  });
  // A finger that scrolls the page does not click.
  canvas.addEventListener("click", (event) => !app.view.space && start(event));
  canvas.addEventListener("touchstart", (event) => app.view.space && event.preventDefault(), { passive: false });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    view.turn = from[2] + (event.clientX - from[0]) * 0.008;
    view.tilt = Math.max(0.1, Math.min(1.35, from[3] + (event.clientY - from[1]) * 0.006));
    view.draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (from = null));
  canvas.addEventListener("keydown", (event) => {
    const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, 0.08], ArrowDown: [0, -0.08] }[event.key];
    if (!turns) return;
    event.preventDefault();
    event.stopPropagation();
    if (app.view.space) {
      view.turn += turns[0];
      view.tilt = Math.max(0.1, Math.min(1.35, view.tilt + turns[1]));
      view.draw();
      return;
    }
    if (app.hidden.has("start") || !view.frame) return;
    const lane = app.lanes[k];
    const weights = [...lane.state.weights];
    const pair = view.pair();
    weights[pair[0]] += Math.sign(turns[0]) * (view.frame.x1 - view.frame.x0) * 0.03;
    weights[pair[1]] += Math.sign(turns[1]) * (view.frame.y1 - view.frame.y0) * 0.03;
    app.startAt(k, weights);
  });
}

/** Points are chosen, dragged, added and taken away. */
function listenToData(app, view) {
  const { canvas } = view;
  const frozen = () => app.hidden.has("points");
  let hit = false;
  // A finger on a point drags it, anywhere else it scrolls the page.
  canvas.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    const box = canvas.getBoundingClientRect();
    if (!frozen() && view.frame && view.nearest(touch.clientX - box.left, touch.clientY - box.top, 26) >= 0) event.preventDefault();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    hit = false;
    if (!view.frame) return;
    const record = view.nearest(event.offsetX, event.offsetY, event.pointerType === "touch" ? 26 : 16);
    if (record < 0) return;
    hit = true;
    app.choose(record);
    if (frozen()) return;
    app.walk.pause();
    app.dragging = { record, moved: false, at: [event.offsetX, event.offsetY] };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("click", (event) => {
    if (hit || frozen() || !view.frame?.holds(event.offsetX, event.offsetY)) return;
    app.walk.pause();
    app.try(() => {
      app.page.add_point(JSON.stringify(view.placesAt(event.offsetX, event.offsetY)));
      app.view.record = app.points.n;
      app.pointsChanged(true);
    });
    app.address.keep();
  });
  canvas.addEventListener("pointermove", (event) => {
    const { dragging } = app;
    if (!dragging) {
      canvas.style.cursor = view.frame && view.nearest(event.offsetX, event.offsetY) >= 0 ? "grab" : "crosshair";
      return;
    }
    if (!dragging.moved && Math.hypot(event.offsetX - dragging.at[0], event.offsetY - dragging.at[1]) < 3) return;
    dragging.moved = true;
    app.try(() => {
      app.page.move_point(dragging.record, JSON.stringify(view.placesAt(event.offsetX, event.offsetY)));
      app.pointsChanged();
    });
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (!app.dragging) return;
      const { moved } = app.dragging;
      app.dragging = null;
      if (moved) app.pointsChanged(true);
      app.address.keep();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const { record } = app.view;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (moves && !event.shiftKey) app.choose((record + moves[0] - moves[1] + app.points.n) % app.points.n);
    else if (moves && view.frame && !frozen()) {
      app.try(() => {
        app.page.move_point(record, JSON.stringify(view.placesBeside(record, ...moves)));
        app.pointsChanged(true);
      });
      app.address.keep();
    } else if ((event.key === "Delete" || event.key === "Backspace") && !frozen()) {
      app.try(() => {
        app.page.remove_point(record);
        app.view.record = Math.max(0, record - 1);
        app.pointsChanged(true);
      });
      app.address.keep();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
