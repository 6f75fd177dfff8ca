import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Badge, Button, SecretInput, Select, Switch, TextArea, TextInput } from "../../ui";
import styles from "./Form.module.css";
import type { Setting } from "./schema";
import { fromTyped, type Typed, toTyped } from "./values";

type SettingRowProps = {
  setting: Setting;
  /** What the file says; undefined when it says nothing. */
  value: unknown;
  /** What was typed and not saved. */
  typed: Typed | undefined;
  disabled: boolean;
  onTyped: (typed: Typed | undefined) => void;
};

/** One setting with what it does, what it is, and the control that changes it. */
export function SettingRow({ setting, value, typed, disabled, onTyped }: SettingRowProps) {
  const { key, label, help, fallback, restart, unused } = setting;
  const isSet = value !== undefined;
  const changed = typed !== undefined;
  return (
    <div class={styles.setting} data-changed={changed || undefined}>
      <Control
        setting={setting}
        value={value}
        typed={typed}
        disabled={disabled}
        onTyped={onTyped}
        label={
          <>
            {label && <span class={styles.label}>{label} </span>}
            <code class={label ? styles.key : undefined}>{key}</code>
          </>
        }
        hint={help}
      />
      <div class={styles.side}>
        <p class={styles.ways}>
          {changed ? <Badge tone="info">changed</Badge> : isSet && <Badge>set</Badge>}
          {restart && <Badge title="A change restarts the gateway">restart</Badge>}
          {unused && (
            <Badge title="Kept for other programs: this gateway does not read it">not read here</Badge>
          )}
        </p>
        {changed && (
          <Button small kind="quiet" icon="undo" onClick={() => onTyped(undefined)}>
            Take back
          </Button>
        )}
        {!disabled && isSet && typed !== "" && (
          <Button
            small
            kind="quiet"
            icon="trash"
            title={fallback === null ? undefined : `It is ${fallback} then`}
            onClick={() => onTyped("")}
          >
            Unset
          </Button>
        )}
      </div>
    </div>
  );
}

type ControlProps = SettingRowProps & { label: ComponentChildren; hint: string };

function Control({ setting, value, typed, disabled, onTyped, label, hint }: ControlProps) {
  const shown = typed ?? toTyped(setting.kind, value);
  const read = typed === undefined ? null : fromTyped(setting, typed);
  const error = read && "wrong" in read ? read.wrong : undefined;
  const about = hint || undefined;
  if (setting.secret && typeof value !== "object") {
    return <Secret {...{ setting, value, typed, disabled, onTyped, label, hint }} />;
  }
  switch (setting.kind) {
    case "boolean": {
      const on =
        typed === "" || (typed === undefined && value === undefined)
          ? setting.fallback === "on"
          : shown === true;
      return <Switch label={label} hint={about} on={on} disabled={disabled} onChange={onTyped} />;
    }
    case "choice":
      return (
        <Select
          label={label}
          hint={about}
          disabled={disabled}
          value={String(shown)}
          onValue={onTyped}
          options={[
            { value: "", label: setting.fallback ? `Not set (${setting.fallback})` : "Not set" },
            ...setting.choices,
          ]}
        />
      );
    case "number":
      return (
        <TextInput
          label={label}
          hint={about}
          error={error}
          disabled={disabled}
          inputMode="numeric"
          placeholder={setting.placeholder}
          value={String(shown)}
          onValue={onTyped}
        />
      );
    case "text":
      return (
        <TextInput
          label={label}
          hint={about}
          error={error}
          disabled={disabled}
          placeholder={setting.placeholder}
          value={String(shown)}
          onValue={onTyped}
        />
      );
    default:
      return (
        <TextArea
          mono
          label={label}
          hint={setting.kind === "texts" ? `${hint} One in each line.`.trim() : `${hint} As JSON.`.trim()}
          error={error}
          disabled={disabled}
          rows={Math.min(12, Math.max(2, String(shown).split("\n").length))}
          placeholder={setting.placeholder}
          value={String(shown)}
          onValue={onTyped}
        />
      );
  }
}

/** The page is never told a secret; it can only put another in its place. */
function Secret({ value, typed, disabled, onTyped, label, hint }: ControlProps) {
  const [replacing, replace] = useState(false);
  const isSet = value !== undefined;
  if (isSet && typed === undefined && !replacing) {
    return (
      <div class={styles.secret}>
        <p>
          <b>{label}</b>
          <br />
          <span class={styles.help}>{hint} It is set; the gateway does not show it.</span>
        </p>
        <Button small disabled={disabled} onClick={() => replace(true)}>
          Replace
        </Button>
      </div>
    );
  }
  return (
    <SecretInput
      label={label}
      hint={hint || undefined}
      disabled={disabled}
      placeholder={typed === "" && isSet ? "Will be taken away" : ""}
      value={String(typed ?? "")}
      onValue={(text) => onTyped(text === "" ? undefined : text)}
    />
  );
}
