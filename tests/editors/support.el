;; What the scenarios of the Emacs tests share.  -*- lexical-binding: t -*-
(require 'package)
(setq package-archives nil)
(package-initialize)
(setq make-backup-files nil auto-save-default nil create-lockfiles nil
      byte-compile-warnings nil)

(defvar t-chosen nil "What was offered in menus.")

(defun t-wait (what condition)
  "Let processes speak until CONDITION."
  (let ((end (+ (float-time) 90)))
    (while (not (funcall condition))
      (when (> (float-time) end)
        (error "Waited in vain for %s; the buffer:\n%s" what (buffer-string)))
      (accept-process-output nil 0.05))))

(defun t-has (text)
  (save-excursion (goto-char (point-min)) (search-forward text nil t)))

(defun t-go (text)
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

;; A user who takes the first entry of each menu.
(defun t-first (_prompt collection &rest _)
  (let ((first (car (all-completions "" collection))))
    (push first t-chosen)
    first))
(advice-add 'completing-read :override #'t-first)
(setq completing-read-function #'t-first)

(defun t-tell (&rest seen)
  (let ((coding-system-for-write 'utf-8))
    (with-temp-file (getenv "DSP_TEST_OUT")
      (insert (json-encode seen)))))
