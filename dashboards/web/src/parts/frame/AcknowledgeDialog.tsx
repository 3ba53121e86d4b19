import { useEffect, useRef } from "preact/hooks";
import { acknowledge, asking, rememberedName } from "../../acknowledge";
import { subjectOf } from "../../alerts";
import { say } from "../../language";
import { alerts, pack } from "../../store";
import { alertWords } from "../../words/alerts";
import { priorityWords } from "../../words/page";
import { Mark } from "./Mark";

/** The name is asked once and remembered by this browser; the note is optional. */
export function AcknowledgeDialog() {
  const id = asking.value;
  const alert = id === null ? undefined : alerts.value.get(id);
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useRef<HTMLInputElement>(null);
  const note = useRef<HTMLTextAreaElement>(null);
  const isOpen = alert !== undefined;
  useEffect(() => {
    // Closed by somebody else's acknowledgement, too: then there is nothing left to ask.
    if (isOpen) {
      dialog.current?.showModal();
      (name.current?.value === "" ? name.current : note.current)?.focus();
    } else {
      asking.value = null;
    }
  }, [isOpen]);
  if (!alert) return null;
  const rule = pack.value?.rules[alert.rule];
  const close = () => {
    dialog.current?.close();
    asking.value = null;
  };
  const send = (event: Event) => {
    event.preventDefault();
    const user = name.current?.value.trim() ?? "";
    if (user === "") {
      name.current?.setAttribute("aria-invalid", "true");
      name.current?.focus();
      return;
    }
    void acknowledge(alert, user, note.current?.value.trim() ?? "");
    close();
  };
  return (
    <dialog ref={dialog} aria-labelledby="acknowledge-title" onClose={close} onCancel={close}>
      <form onSubmit={send} noValidate>
        <h2 id="acknowledge-title">{say(alertWords.acknowledgeTitle)}</h2>
        <p class="dialog-alert">
          <Mark priority={alert.priority} />
          <span>
            <strong>{say(priorityWords[alert.priority])}</strong> · {subjectOf(alert)}
            <br />
            {rule ? say(rule.name) : alert.rule}
          </span>
        </p>
        {rule && (
          <p class="dialog-step">
            <span>{say(alertWords.firstStep)}:</span> {say(rule.step)}
          </p>
        )}
        <label>
          {say(alertWords.yourName)}
          <input ref={name} type="text" name="user" autocomplete="name" maxLength={100} required defaultValue={rememberedName()} aria-describedby="name-needed" />
        </label>
        <p id="name-needed" class="field-error" role="alert">
          {say(alertWords.nameNeeded)}
        </p>
        <label>
          {say(alertWords.note)}
          <textarea ref={note} name="note" rows={3} maxLength={2000} />
        </label>
        <div class="dialog-buttons">
          <button type="button" onClick={close}>
            {say(alertWords.cancel)}
          </button>
          <button type="submit" class="primary">
            {say(alertWords.send)}
          </button>
        </div>
      </form>
    </dialog>
  );
}
